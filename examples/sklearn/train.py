"""Train one trial of `experiment.yaml`: a small neural network of scikit-learn's on its digits, one pass per epoch.

Everything that Podium needs of a training script of your own is in `main`: read the parameters, resume, report.
"""

import pickle

from sklearn.datasets import load_digits
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

import podium
from podium.parameters import Configuration


def main() -> None:
    with podium.trial() as trial:
        digits = load_digits()
        train_x, val_x, train_y, val_y = train_test_split(
            digits.data / 16, digits.target, test_size=0.2, stratify=digits.target, random_state=trial.seed
        )
        network = untrained(trial.parameters, seed=trial.seed + trial.number)
        if checkpoint := trial.load_checkpoint():
            # The whole network, with its optimizer and random state: a resumed run equals a straight one. Unpickling
            # trusts whoever can write to the checkpoint folder; that is Podium's and this script alone.
            network = pickle.loads(checkpoint.data)

        for epoch in trial.epochs():
            network.partial_fit(train_x, train_y, classes=range(10))
            trial.report(
                epoch=epoch,
                checkpoint=pickle.dumps(network),
                val_accuracy=network.score(val_x, val_y),
                val_loss=log_loss(val_y, network.predict_proba(val_x)),
            )


def untrained(parameters: Configuration, *, seed: int) -> MLPClassifier:
    return MLPClassifier(
        hidden_layer_sizes=(parameters["width"],) * int(parameters["layers"]),
        activation=parameters["activation"],
        learning_rate_init=parameters["learning_rate"],
        alpha=parameters["weight_decay"],
        batch_size=parameters["batch_size"],
        random_state=seed,
    )


if __name__ == "__main__":
    main()
