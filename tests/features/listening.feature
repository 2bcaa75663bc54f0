Feature: Listening to events
  Who registers with the facade hears of every event once it is saved, in the same transaction.

  Scenario: A listener hears of a creation
    Given a listener
    When a thing is created
    Then the listener has heard of "Created"

  Scenario: A listener hears of every event, in order
    Given a listener
    When a thing is created
    And its value is updated to "blue"
    And its value is updated to "green"
    Then the listener has heard of "Created, Updated, Updated"

  Scenario: A listener hears the outcome itself
    Given a listener
    And a thing
    When its value is updated to "blue"
    Then what the listener heard last is the outcome

  Scenario: An event is saved before listeners hear of it
    Given a listener that looks at the thing when it hears of an event
    When a thing is created
    And its value is updated to "blue"
    Then the listener has seen the versions "1, 2"

  Scenario: All listeners hear of an event
    Given a listener
    And another listener
    When a thing is created
    Then the listener has heard of "Created"
    And the other listener has heard of "Created"

  Scenario: A listener that registers twice hears of an event once
    Given a listener
    And the listener registers once more
    When a thing is created
    Then the listener has heard of "Created"

  Scenario: A listener that has unregistered hears no more
    Given a listener
    When a thing is created
    And the listener unregisters
    And its value is updated to "blue"
    Then the listener has heard of "Created"

  Scenario: Unregistering leaves the other listeners alone
    Given a listener
    And another listener
    When the listener unregisters
    And a thing is created
    Then the other listener has heard of "Created"

  Scenario: Unregistering twice does no harm
    Given a listener
    When the listener unregisters
    And the listener unregisters
    And a thing is created
    Then the listener has heard of nothing

  Scenario: A refused command is no news
    Given a thing
    And a listener
    When the thing is created again
    Then the listener has heard of nothing
