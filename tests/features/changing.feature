Feature: Changing a thing
  Other systems change a thing by commands. Every command that is accepted has
  an outcome: an event that says what has changed.

  Scenario: The last update wins
    Given a thing
    When its value is updated to "blue"
    And its value is updated to "green"
    Then the thing has the value "green"
    And the thing has version 3

  Scenario: An update to the same value is an event too
    Given a thing with the value "blue"
    When its value is updated to "blue"
    Then the outcome is "Updated"
    And the thing has version 3

  Scenario Outline: A value may be any text
    Given a thing
    When its value is updated to <value>
    Then the thing has the value <value>

    Examples:
      | value                |
      | ""                   |
      | "'; DROP TABLE x; --" |
      | "žluťoučký 🐎 \u202e" |

  Scenario: An update changes no other thing
    Given a thing with the value "blue"
    And another thing with the value "red"
    When its value is updated to "green"
    Then the other thing has the value "red"
    And the other thing has version 2

  Scenario: The outcome names the command that caused it
    Given a thing
    When its value is updated to "blue"
    Then the outcome carries the id of the last command

  Scenario: Each outcome has an id of its own
    Given a thing
    When its value is updated to "blue"
    And its value is updated to "blue"
    Then no two outcomes have the same id

  Scenario: Times are aware and in UTC
    When a thing is created
    Then the time of the outcome is in UTC
