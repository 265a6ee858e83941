"""Trials inside the training loops of others: each needs the library that it is named after, and no other.

lightning       PyTorch Lightning
transformers    the Hugging Face Trainer; output_folder its checkpoints, which are one trial's
metrics         which numbers are reported, the same for both
"""
