"""How right the analysis is, on recordings whose ground truth is known. For people: not part of a live run."""
