"""Trials inside the training loops of others: each file needs the library that it is named after, and no other.

lightning      PyTorch Lightning
transformers   the Hugging Face Trainer
"""
