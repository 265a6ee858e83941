"""Experiments of other tools as Podium's: what they wrote is read, and what is lost on the way is said.

remark        what could not be carried over, line by line
source        a document that knows its lines
naming, space parameters under names that Podium takes
sigopt        a SigOpt experiment: its JSON, and what Orchestrate's files say of one
orchestrate   the files of SigOpt Orchestrate, and of `sigopt cluster` after it
katib         an Experiment of Katib's; katib_trial: its trial template
optuna        a study of Optuna's, from its storage; optuna_trials: what its trials tell beside its space
road          which of them a file is, and the spec that comes out
"""
