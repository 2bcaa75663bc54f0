Feature: Changing an entity
  Other systems change an entity by commands. Every command that is accepted has
  an outcome: an event that says what has changed.

  Scenario: The last update wins
    Given an entity
    When its value is updated to "blue"
    And its value is updated to "green"
    Then the entity has the value "green"
    And the entity has version 3

  Scenario: An update to the same value is an event too
    Given an entity with the value "blue"
    When its value is updated to "blue"
    Then the outcome is "Updated"
    And the entity has version 3

  Scenario Outline: A value may be any text
    Given an entity
    When its value is updated to <value>
    Then the entity has the value <value>

    Examples:
      | value                |
      | ""                   |
      | "'; DROP TABLE x; --" |
      | "žluťoučký 🐎 \u202e" |

  Scenario: An update changes no other entity
    Given an entity with the value "blue"
    And another entity with the value "red"
    When its value is updated to "green"
    Then the other entity has the value "red"
    And the other entity has version 2

  Scenario: The outcome names the command that caused it
    Given an entity
    When its value is updated to "blue"
    Then the outcome carries the id of the last command

  Scenario: Each outcome has an id of its own
    Given an entity
    When its value is updated to "blue"
    And its value is updated to "blue"
    Then no two outcomes have the same id

  Scenario: Times are aware and in UTC
    When an entity is created
    Then the time of the outcome is in UTC
