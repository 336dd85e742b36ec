"""One file a Bluetooth sensor: packets to readings, commands to bytes. No I/O."""
