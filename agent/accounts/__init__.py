"""The accounts of a machine: each with parts of its own, come and gone while others work.

An account is a whole agent's inside: journal, Stripe key, readers, events, local keys.
None can reach another's, since none has a reference to another's parts.
"""
