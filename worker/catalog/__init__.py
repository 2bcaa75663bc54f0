"""The contract that other teams read: AsyncAPI for their programs, a page for people."""
