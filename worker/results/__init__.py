"""What a full training leaves beside its one number.

predictions   what the model said of each validation image
measures      formulas over all of them
attributes    what labels are made of, and which of it errors mistook
summary       all of that as podium.results.Summary
table         predictions as a Parquet file
thumbnails    the misclassified images as PNG files
writing       the folder that holds them
"""
