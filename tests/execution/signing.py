"""The key, the addresses and the transaction that the tests of all signers share."""

from eth_account import Account

from agent.execution.signer import Transaction

KEY = bytes.fromhex("4646464646464646464646464646464646464646464646464646464646464646")
ADDRESS = str(Account.from_key(KEY).address)
OTHER = str(Account.from_key(b"\x47" * 32).address)
TRANSACTION = Transaction(1, 7, OTHER, b"\x12" * 70, 21_000, 3 * 10**9, 10**9)
