"""Who is who on the local chain: anvil's well-known test accounts, worth nothing anywhere else."""

DEPLOYER = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
OWNER = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
GUARDIAN = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"
AGENT = "0x90F79bf6EB2c4f870365E785982E1f101E93b906"
DEPOSITOR = "0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65"
SECOND_DEPOSITOR = "0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc"

# Public for years: the fourth key of the phrase "test test test test test test test test test test test junk".
AGENT_TEST_KEY = "0x7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6"
