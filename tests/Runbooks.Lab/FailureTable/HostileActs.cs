namespace Runbooks.Lab.FailureTable;

/// <summary>Puts another program in the place of a host's virsh.</summary>
public static class Virsh
{
    private const string Place = "/usr/bin/virsh";

    /// <param name="side">On which host.</param>
    /// <param name="script">What answers instead; the true one is <c>/run/honest-virsh</c>.</param>
    public static Act Becomes(Side side, string script) => new($"virsh at the {side} is replaced by: {script}", scene => scene.Lab.Lab.RunAsync(
        "enter", scene[side].Name.Value, "sh", "-c",
        $"[ -e /run/honest-virsh ] || cp {Place} /run/honest-virsh; printf '#!/bin/sh\\n%s\\n' \"$1\" >/run/hostile-virsh && chmod +x /run/hostile-virsh && mount --bind /run/hostile-virsh {Place}",
        "sh", script));

    public static Act IsHonest(Side side) => new($"virsh at the {side} is itself again", scene => MendAsync(scene[side], scene.Lab.Lab));

    /// <summary>May be repeated.</summary>
    public static async Task MendAsync(HostBox host, Hosts.LabCommand lab)
    {
        if (host.IsOn)
        {
            _ = await lab.RunAsync("enter", host.Name.Value, "sh", "-c", $"while mountpoint -q {Place}; do umount {Place}; done");
        }
    }
}

/// <summary>The host keys that the server trusts.</summary>
public static class Keys
{
    /// <summary>Connections that there are stay; a new one is not trusted.</summary>
    public static Act Forget(Side side) => new($"the key of the {side} is forgotten", scene => scene.Server.ForgetKeyAsync(scene[side].Name));

    public static Act Restore { get; } = new("the keys are enrolled again", scene => scene.Server.RestoreKeysAsync());
}
