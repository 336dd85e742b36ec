"""A thousand simulated devices at a broker, in a few processes: to see what the broker does."""
