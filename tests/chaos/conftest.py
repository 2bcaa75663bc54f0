from tests.support.fixtures import make_system, system

__all__ = ["make_system", "system"]
