"""Setting up Mosquitto for a team: certificates, passwords and who may read and write what."""
