"""`python -m agent.chaos`: the crash test, started from here so that no life of the agent loads it with itself."""

from agent.chaos.crash import main

main()
