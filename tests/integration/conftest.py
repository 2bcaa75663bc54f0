from tests.support.fixtures import either_system, make_system, system

__all__ = ["either_system", "make_system", "system"]
