using Microsoft.Extensions.Configuration;

namespace Runbooks.Messaging.Settings;

/// <summary>Where RabbitMQ is. Section <c>Messaging:RabbitMq</c>.</summary>
/// <param name="Host">Name or address.</param>
/// <param name="Port">Default 5672.</param>
/// <param name="VirtualHost">Default <c>/</c>.</param>
/// <param name="Username">Default <c>guest</c>, which RabbitMQ admits from its own machine only.</param>
/// <param name="Password">Never printed.</param>
public sealed record RabbitMqAddress(string Host, ushort Port, string VirtualHost, string Username, string Password)
{
    /// <summary>For people and logs.</summary>
    public override string ToString() => $"{Host}:{Port}{(VirtualHost == "/" ? string.Empty : "/" + VirtualHost)} (user '{Username}')";
}

/// <summary>Sections <c>Messaging</c>, <c>Schedules</c> and <c>Events</c>, read and checked before anything is started.</summary>
/// <param name="RabbitMq">The broker; null: messages stay in this process.</param>
/// <param name="Schedules">Those that are enabled.</param>
/// <param name="Events">What an event starts.</param>
public sealed record MessagingSettings(RabbitMqAddress? RabbitMq, IReadOnlyList<Schedule> Schedules, IReadOnlyList<EventBinding> Events)
{
    /// <summary>The settings, or everything that is wrong with them, so that an operator mends it in one go.</summary>
    public static (MessagingSettings? Settings, IReadOnlyList<string> Problems) Read(IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        var problems = new List<string>();
        var broker = ReadBroker(new SectionReader(configuration.GetSection("Messaging"), "Messaging", problems));
        var schedules = ScheduleReader.Read(configuration.GetSection("Schedules"), problems);
        var events = EventBindingReader.Read(configuration.GetSection("Events"), problems);
        return problems.Count == 0 ? (new MessagingSettings(broker, schedules, events), []) : (null, problems);
    }

    private static RabbitMqAddress? ReadBroker(SectionReader messaging)
    {
        messaging.RefuseOthersThan("Transport", "RabbitMq");
        var transport = messaging.OneOf("Transport", "inProcess", "inProcess", "rabbitMq");
        var broker = messaging.Section("RabbitMq");
        broker.RefuseOthersThan("Host", "Port", "VirtualHost", "Username", "Password");
        if (transport == "inProcess")
        {
            return null;
        }

        var host = broker.Required("Host", "the name or address of the broker");
        var port = broker.Number("Port", 5672, 1, ushort.MaxValue);
        return new RabbitMqAddress(
            host, (ushort)port, broker.Text("VirtualHost") ?? "/", broker.Text("Username") ?? "guest", broker.Text("Password") ?? "guest");
    }
}
