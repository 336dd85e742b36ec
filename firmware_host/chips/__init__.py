"""One file a chip family: registers, start-up sequence, FIFO bytes to readings. No I/O."""
