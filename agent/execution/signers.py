"""Opens the signer that a configuration names."""

from agent.execution.signer import LocalSigner, Signer
from agent.execution.signer_spec import KeystoreSpec, KmsSpec, LocalSpec, RemoteSpec, SignerSpec

__all__ = ["KeystoreSpec", "KmsSpec", "LocalSpec", "RemoteSpec", "SignerSpec", "open_signer"]


def open_signer(spec: SignerSpec) -> Signer:
    """The signer, ready; whatever it signs is checked by recovering its address before anybody sees it.

    Raises
    ------
    Refusal : KEYSTORE_UNSAFE, SIGNER_ROLE (the key is of another address), CONFIG_MISSING
    SigningRefused : a remote signer cannot be reached, or does not have the key
    """
    if isinstance(spec, LocalSpec):
        from chains.local.accounts import AGENT_TEST_KEY

        return LocalSigner(AGENT_TEST_KEY)
    if isinstance(spec, KeystoreSpec):
        from agent.execution.keystore import open_keystore

        return open_keystore(spec)
    if isinstance(spec, RemoteSpec):
        from agent.execution.remote_signer import RemoteSigner

        return RemoteSigner(spec)
    from agent.execution.kms_signer import KmsSigner

    return KmsSigner(spec)
