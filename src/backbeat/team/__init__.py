"""Six simulated runners with a story each, for the demo and the fleet."""
