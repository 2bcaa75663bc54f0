Feature: Entities
  Other systems change an entity by commands. Every command that is accepted has an outcome: an
  event that says what has changed. What is not allowed is refused, with a code, and changes nothing.

  Scenario: An entity is created
    When an entity is created
    Then the outcome is "Created"
    And the entity has no value
    And the entity has version 1

  Scenario: A sender that names no id gets one from the component
    When an entity is created without naming an id
    Then the outcome is "Created"
    And the outcome names an entity that can be found

  Scenario: An entity gets a value
    Given an entity
    When its value is updated to "blue"
    Then the outcome is "Updated"
    And the outcome has the value "blue"
    And the entity has the value "blue"
    And the entity has version 2

  Scenario: An entity that was never created cannot be updated
    When its value is updated to "blue"
    Then the command is refused with "not-found"
    And the reason names the entity

  Scenario: An entity cannot be created twice
    Given an entity
    When the entity is created again
    Then the command is refused with "already-exists"
    And the reason names the entity
    And the entity has version 1
