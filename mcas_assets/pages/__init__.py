"""What is looked at in a browser: pages over the published copy, live (`mcas view`) or frozen into files (`mcas report`)."""
