"""What the models of the zoo are held to: a file for each family, and what they have in common.

receipts.py   the same weights in an independent implementation: outputs, layers, gradients
facts.py      numbers of parameters from papers and by hand
learning.py   a batch of real pictures learned by heart
twins_*.py    which independent implementation each model of a family has, and how names differ
"""
