"""The sensor side: I2C chips and Bluetooth sensors in, `backbeat.samples.Samples` out."""
