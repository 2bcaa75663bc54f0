Feature: Refusing a command
  A command that is understood but not allowed is refused, with a code for programs
  and a reason for people, and changes nothing.

  Scenario: A refused update creates no entity
    When the value of an unknown entity is updated
    Then there is no such entity

  Scenario: A refused creation changes nothing
    Given an entity with the value "blue"
    When the entity is created again
    Then the entity has the value "blue"
    And the entity has version 2

  Scenario: After a refusal the next command is applied
    Given an entity
    When the entity is created again
    And its value is updated to "green"
    Then the entity has the value "green"
    And the entity has version 2

  Scenario: Who asks for an unknown entity is told so
    When an unknown entity is asked for
    Then the query is refused with "not-found"

  Scenario: A command that nobody handles is a mistake of the program
    When a command of an unknown class is handled
    Then the handler says that it has no handler for "Unheard"

  Scenario: A command of an unknown class changes nothing
    Given an entity with the value "blue"
    When a command of an unknown class is handled
    Then the entity has the value "blue"
    And the entity has version 2
