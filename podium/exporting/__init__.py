"""An experiment as files and messages of other tools. Rows and messages are made by pure functions; I/O is at the edge.

record          what is read of an experiment over the wire
reading         the requests: trials by the page, and a checkpoint
spool           what was read, kept in a temporary file until it is written
columns         the tables' columns, types and rows: the same for CSV and Parquet
csv_files       CSV that is read back as what it was; parquet_files the same tables as Parquet
series          what was measured, as curves by epoch, for tools that draw them
protobuf        messages by hand; tfrecord the framing; event_files TensorBoard's messages; tensorboard its folder
mlflow_words    what MLflow is told of a trial; mlflow_api its REST API; mlflow_runs the export
wandb_runs      offline runs, written by the real `wandb`
weights         a model's weights out of a checkpoint, without torch; model_folder what `podium best --download` leaves
standalone/     what is copied into such a folder, and needs torch and torchvision only
"""
