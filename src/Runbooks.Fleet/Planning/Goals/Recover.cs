namespace Runbooks.Fleet.Planning.Goals;

/// <summary>Places the VMs of a host that failed on the others. Whether it has really failed, and is fenced, is for the caller to know.</summary>
internal static class Recover
{
    public static Wish Run(PoolModel model)
    {
        var wish = new Wish();
        var host = model.IndexOf(model.Request.Host!.Value);
        model.Fleet.SetOpen(host, isOpen: false);
        Evacuate.Away(model, wish, host, $"{model.Hosts[host].Name} failed", model.IsMovable);
        wish.Summary = $"{wish.Moves.Count} VMs of {model.Hosts[host].Name} start elsewhere, {model.Fleet.CountOn(host)} find no host.";
        return wish;
    }
}
