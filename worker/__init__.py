"""The trainer that a Job runs: torch and torchvision, reporting through `podium`."""
