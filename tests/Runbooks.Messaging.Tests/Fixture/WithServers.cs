using Runbooks.Storage.Tests.Fixture;

namespace Runbooks.Messaging.Tests.Fixture;

[CollectionDefinition(Name)]
public sealed class WithServers : ICollectionFixture<PostgresCluster>, ICollectionFixture<RabbitMqBroker>
{
    public const string Name = "PostgreSQL and RabbitMQ";
}
