Feature: Refusing a command
  A command that is understood but not allowed is refused, with a code for programs
  and a reason for people, and changes nothing.

  Scenario: A refused update creates no thing
    When the value of an unknown thing is updated
    Then there is no such thing

  Scenario: A refused creation changes nothing
    Given a thing with the value "blue"
    When the thing is created again
    Then the thing has the value "blue"
    And the thing has version 2

  Scenario: After a refusal the next command is applied
    Given a thing
    When the thing is created again
    And its value is updated to "green"
    Then the thing has the value "green"
    And the thing has version 2

  Scenario: Who asks for an unknown thing is told so
    When an unknown thing is asked for
    Then the query is refused with "not-found"

  Scenario: A command that nobody handles is a mistake of the program
    When a command of an unknown class is handled
    Then the handler says that it has no handler for "Unheard"

  Scenario: A command of an unknown class changes nothing
    Given a thing with the value "blue"
    When a command of an unknown class is handled
    Then the thing has the value "blue"
    And the thing has version 2
