namespace Runbooks.Activities;

/// <summary>Lists of the fleet from which inputs are chosen in the designer.</summary>
public static class FleetChoices
{
    public const string Hosts = "hosts";

    public const string Vms = "vms";

    public const string Pools = "pools";

    /// <summary>Shares of load, and the policy's Load_min when nothing is chosen.</summary>
    public const string LoadMin = "load-min";

    /// <summary>Shares of load, and the policy's Load_max when nothing is chosen.</summary>
    public const string LoadMax = "load-max";

    /// <summary>Numbers of hosts that stay on, and the policy's when nothing is chosen.</summary>
    public const string MinActiveHosts = "min-active-hosts";
}
