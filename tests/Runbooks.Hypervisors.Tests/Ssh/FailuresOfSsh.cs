using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Ssh;

namespace Runbooks.Hypervisors.Tests.Ssh;

public sealed class FailuresOfSsh
{
    private static readonly HostName Host = new("host1");

    [Theory]
    [InlineData("ssh: connect to host 10.77.0.99 port 22: No route to host")]
    [InlineData("ssh: connect to host host1 port 22: Connection refused")]
    [InlineData("ssh: Could not resolve hostname host1: Name or service not known")]
    [InlineData("mm_receive_fd: recvmsg: expected received 1 got 0\nproxy dialer did not pass back a connection")]
    [InlineData("kex_exchange_identification: Connection closed by remote host\nConnection closed by 10.0.0.1 port 22")]
    [InlineData("Connection closed by UNKNOWN port 65535")]
    public void What_failed_before_anything_was_sent_has_changed_nothing(string errors)
    {
        var fault = SshFailure.Classify(Host, "host1", errors, Effect.Changes);

        Assert.Equal(FaultKind.Unreachable, fault.Kind);
        Assert.True(fault.NothingChanged);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Connection to host1 closed by remote host.")]
    [InlineData("client_loop: send disconnect: Broken pipe")]
    [InlineData("Timeout, server host1 not responding.")]
    [InlineData("mux_client_request_session: read from master failed: Broken pipe")]
    public void A_change_whose_connection_was_lost_is_in_doubt_and_a_read_is_not(string errors)
    {
        Assert.Equal(FaultKind.UnknownOutcome, SshFailure.Classify(Host, "host1", errors, Effect.Changes).Kind);
        Assert.Equal(FaultKind.Unreachable, SshFailure.Classify(Host, "host1", errors, Effect.Reads).Kind);
    }

    [Fact]
    public void An_unknown_and_a_changed_key_are_told_apart_and_say_what_to_do()
    {
        var unknown = SshFailure.Classify(Host, "host1", "No ED25519 host key is known for host1 and you have requested strict checking.\nHost key verification failed.", Effect.Changes);
        var changed = SshFailure.Classify(Host, "host1", "@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\nHost key verification failed.", Effect.Changes);

        Assert.Equal((FaultKind.HostKeyRejected, FaultKind.HostKeyRejected), (unknown.Kind, changed.Kind));
        Assert.Contains("ssh-keyscan host1", unknown.Advice!, StringComparison.Ordinal);
        Assert.Contains("ssh-keygen -R host1", changed.Advice!, StringComparison.Ordinal);
    }
}
