"""FIFOs."""
