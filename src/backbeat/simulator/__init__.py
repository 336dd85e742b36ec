"""A runner at the hip, with ground truth, as a source of readings."""
