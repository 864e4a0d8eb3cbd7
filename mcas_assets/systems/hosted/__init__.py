"""What all hosted systems share: answers, budget, retries. One file a provider stands beside this package."""
