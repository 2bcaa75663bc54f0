--
-- PostgreSQL database dump
--


-- Dumped from database version 15.18 (Debian 15.18-0+deb12u1)
-- Dumped by pg_dump version 15.18 (Debian 15.18-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: alembic_version; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);


--
-- Name: dead_letters; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.dead_letters (
    id bigint NOT NULL,
    component text NOT NULL,
    kind text NOT NULL,
    reason text NOT NULL,
    command_id uuid,
    type text,
    errors json NOT NULL,
    traceback text,
    attempts json NOT NULL,
    body bytea NOT NULL,
    body_bytes integer NOT NULL,
    properties json NOT NULL,
    died_at timestamp with time zone NOT NULL
);


--
-- Name: dead_letters_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.dead_letters_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: dead_letters_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.dead_letters_id_seq OWNED BY public.dead_letters.id;


--
-- Name: entities; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.entities (
    id uuid NOT NULL,
    value text,
    version integer NOT NULL,
    CONSTRAINT ck_entities_version_is_positive CHECK ((version > 0))
);


--
-- Name: inbox; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.inbox (
    component text NOT NULL,
    command_id uuid NOT NULL,
    digest text NOT NULL,
    status text NOT NULL,
    attempt integer NOT NULL,
    outcome json,
    recorded_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_inbox_status CHECK ((status = ANY (ARRAY['applied'::text, 'rejected'::text, 'failed'::text, 'retrying'::text])))
);
ALTER TABLE ONLY public.inbox ALTER COLUMN outcome SET STORAGE EXTERNAL;


--
-- Name: outbox; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.outbox (
    id bigint NOT NULL,
    component text NOT NULL,
    reply_to text,
    aggregate_id uuid,
    type text NOT NULL,
    body text NOT NULL,
    message_id text NOT NULL,
    correlation_id text NOT NULL,
    "timestamp" bigint NOT NULL,
    headers json NOT NULL
)
WITH (autovacuum_vacuum_scale_factor='0', autovacuum_vacuum_threshold='5000', autovacuum_vacuum_cost_delay='0');
ALTER TABLE ONLY public.outbox ALTER COLUMN body SET STORAGE EXTERNAL;


--
-- Name: outbox_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.outbox_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: outbox_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.outbox_id_seq OWNED BY public.outbox.id;


--
-- Name: retries; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.retries (
    id bigint NOT NULL,
    component text NOT NULL,
    due_at timestamp with time zone NOT NULL,
    body bytea NOT NULL,
    properties json NOT NULL
);


--
-- Name: retries_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.retries_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: retries_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.retries_id_seq OWNED BY public.retries.id;


--
-- Name: dead_letters id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.dead_letters ALTER COLUMN id SET DEFAULT nextval('public.dead_letters_id_seq'::regclass);


--
-- Name: outbox id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.outbox ALTER COLUMN id SET DEFAULT nextval('public.outbox_id_seq'::regclass);


--
-- Name: retries id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.retries ALTER COLUMN id SET DEFAULT nextval('public.retries_id_seq'::regclass);


--
-- Data for Name: alembic_version; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.alembic_version VALUES ('0002');


--
-- Data for Name: dead_letters; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.dead_letters VALUES (1, 't0123456789', 'failed', 'RuntimeError: the handler has a bug', 'db3b3427-bb4b-4933-a55a-e6c2660f8425', 'entity.UpdateValue', '{}', 'Traceback (most recent call last):
  File "worker/settlement.py", line 45, in settle
    return self._apply(received)
           ^^^^^^^^^^^^^^^^^^^^^
  File "worker/settlement.py", line 108, in _apply
    outcome = self._handlers.handle(received.command)[0]
              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "worker/composition.py", line 98, in handle
    return self._handlers[type(command)].handle(command)
           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "domain/entity/service.py", line 38, in handle
    entity, events = self._dispatch(command)
                     ^^^^^^^^^^^^^^^^^^^^^^^
  File "/usr/lib/python3.11/functools.py", line 946, in _method
    return method.__get__(obj, cls)(*args, **kwargs)
           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "domain/entity/service.py", line 65, in _update_value
    return entity, [entity.update(command)]
                    ^^^^^^^^^^^^^^^^^^^^^^
  File "tests/support/misbehaving.py", line 25, in update
    raise RuntimeError("the handler has a bug")
RuntimeError: the handler has a bug
', '["2026-11-25T15:47:31.911+00:00"]', '\x7b22636f6d6d616e645f6964223a202264623362333432372d626234622d343933332d613535612d653663323636306638343235222c2022656e746974795f6964223a202261643138336435612d626630392d343830342d613736372d663134626661666464303935222c202276616c7565223a2022627567227d', 123, '{"type":"entity.UpdateValue","content_type":"application/json","message_id":"db3b3427-bb4b-4933-a55a-e6c2660f8425","headers":{}}', '2026-11-25 15:47:31.91501+00');


--
-- Data for Name: entities; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.entities VALUES ('ad183d5a-bf09-4804-a767-f14bfafdd095', 'value 19', 22);


--
-- Data for Name: inbox; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.inbox VALUES ('t0123456789', '6a926ac2-c036-4e1f-817c-776dadc128f9', '811317914932d87ff44940cb5d4288d85986dc7ff87b43edecc9f439a64d7619', 'applied', 1, '{"type":"entity.Created","body":"{\"event_id\":\"57735b02-aaf8-422d-991e-447283c0b37a\",\"command_id\":\"6a926ac2-c036-4e1f-817c-776dadc128f9\",\"timestamp\":\"2026-11-25T15:47:25.506557+00:00\",\"entity_id\":\"ad183d5a-bf09-4804-a767-f14bfafdd095\"}","message_id":"57735b02-aaf8-422d-991e-447283c0b37a","correlation_id":"6a926ac2-c036-4e1f-817c-776dadc128f9","timestamp":1795621645,"headers":{"causation-id":"6a926ac2-c036-4e1f-817c-776dadc128f9","schema-version":1,"aggregate-type":"entity","aggregate-id":"ad183d5a-bf09-4804-a767-f14bfafdd095","aggregate-version":1}}', '2026-11-25 15:47:25.529981+00');
INSERT INTO public.inbox VALUES ('t0123456789', '52fb91de-b570-4345-a450-e00ba5966e00', '56e0a2b88826b03c5426ea09f4e80d0f4f244f4859b0b7bbc7edcc1993556335', 'applied', 1, '{"type":"entity.Updated","body":"{\"event_id\":\"bd948096-feec-4994-b640-acd5eef3a3a4\",\"command_id\":\"52fb91de-b570-4345-a450-e00ba5966e00\",\"timestamp\":\"2026-11-25T15:47:25.658686+00:00\",\"entity_id\":\"ad183d5a-bf09-4804-a767-f14bfafdd095\",\"value\":\"one\"}","message_id":"bd948096-feec-4994-b640-acd5eef3a3a4","correlation_id":"52fb91de-b570-4345-a450-e00ba5966e00","timestamp":1795621645,"headers":{"causation-id":"52fb91de-b570-4345-a450-e00ba5966e00","schema-version":1,"aggregate-type":"entity","aggregate-id":"ad183d5a-bf09-4804-a767-f14bfafdd095","aggregate-version":2}}', '2026-11-25 15:47:25.682707+00');
INSERT INTO public.inbox VALUES ('t0123456789', 'db3b3427-bb4b-4933-a55a-e6c2660f8425', 'ba4a4fc9b25a23a82aed142aa406ac77deae8bb23c57822a51a0dd5f598a93d2', 'failed', 1, '{"type":"CommandFailed","body":"{\"event_id\":\"8912b01a-caf8-462a-b54c-19f9cd3fdea8\",\"command_id\":\"db3b3427-bb4b-4933-a55a-e6c2660f8425\",\"timestamp\":\"2026-11-25T15:47:31.915032+00:00\",\"command_type\":\"entity.UpdateValue\",\"code\":\"failed\",\"reason\":\"RuntimeError: the handler has a bug\"}","message_id":"8912b01a-caf8-462a-b54c-19f9cd3fdea8","correlation_id":"db3b3427-bb4b-4933-a55a-e6c2660f8425","timestamp":1795621651,"headers":{"causation-id":"db3b3427-bb4b-4933-a55a-e6c2660f8425","schema-version":1}}', '2026-11-25 15:47:31.9179+00');
INSERT INTO public.inbox VALUES ('t0123456789', 'd37e5178-6947-4e2e-8ab1-37481d8b5567', '3b82c867080a79cc69c22f68bba46779238df3e6a9e167a1721c7fb9d762abca', 'rejected', 1, '{"type":"CommandRejected","body":"{\"event_id\":\"007453df-cc78-436c-81cc-446959265da6\",\"command_id\":\"d37e5178-6947-4e2e-8ab1-37481d8b5567\",\"timestamp\":\"2026-11-25T15:47:35.797279+00:00\",\"command_type\":\"entity.UpdateValue\",\"code\":\"not-found\",\"reason\":\"There is no entity 2c1993d8-c9a2-4aa2-bef5-b1d2f39bb343.\"}","message_id":"007453df-cc78-436c-81cc-446959265da6","correlation_id":"d37e5178-6947-4e2e-8ab1-37481d8b5567","timestamp":1795621655,"headers":{"causation-id":"d37e5178-6947-4e2e-8ab1-37481d8b5567","schema-version":1}}', '2026-11-25 15:47:35.797458+00');
INSERT INTO public.inbox VALUES ('t0123456789', '44495b30-f6c3-4c72-a972-85792a95c133', 'b0ac49b01e22d18459318aa7cba684e13d17e82a3715681cd51800648c65c0e4', 'retrying', 2, NULL, '2026-11-25 15:47:47.106261+00');
INSERT INTO public.inbox VALUES ('t0123456789', 'c138e519-dbc8-4559-acdc-257bdfe7c145', '11832faaf4591f978b1074b2d30c5c11cbc2a0651d100b1e6d1d0718ea8a47a3', 'retrying', 2, NULL, '2026-11-25 15:47:57.588266+00');
INSERT INTO public.inbox VALUES ('t0123456789', '01b0210d-c4c9-4331-9d57-718187b64e28', '7422839497c94f177d64d260937721392c532ac983130a06617ed8dd414b717a', 'applied', 1, '{"type":"entity.Updated","body":"{\"event_id\":\"bce0b4d7-8e79-4adf-a45d-207d9d37096a\",\"command_id\":\"01b0210d-c4c9-4331-9d57-718187b64e28\",\"timestamp\":\"2026-11-25T15:48:01.066329+00:00\",\"entity_id\":\"ad183d5a-bf09-4804-a767-f14bfafdd095\",\"value\":\"value 0\"}","message_id":"bce0b4d7-8e79-4adf-a45d-207d9d37096a","correlation_id":"01b0210d-c4c9-4331-9d57-718187b64e28","timestamp":1795621681,"headers":{"causation-id":"01b0210d-c4c9-4331-9d57-718187b64e28","schema-version":1,"aggregate-type":"entity","aggregate-id":"ad183d5a-bf09-4804-a767-f14bfafdd095","aggregate-version":3}}', '2026-11-25 15:48:01.074067+00');
INSERT INTO public.inbox VALUES ('t0123456789', '0cd9dad2-9ce2-45d8-9116-60cdfa48feb3', 'ededed598dd3c5517560348ce0d9c3f6d45ec450c5078938324d46cd7a002a36', 'applied', 1, '{"type":"entity.Updated","body":"{\"event_id\":\"81934196-e816-4b32-ab4c-2ae5e7985c3e\",\"command_id\":\"0cd9dad2-9ce2-45d8-9116-60cdfa48feb3\",\"timestamp\":\"2026-11-25T15:48:01.122752+00:00\",\"entity_id\":\"ad183d5a-bf09-4804-a767-f14bfafdd095\",\"value\":\"value 13\"}","message_id":"81934196-e816-4b32-ab4c-2ae5e7985c3e","correlation_id":"0cd9dad2-9ce2-45d8-9116-60cdfa48feb3","timestamp":1795621681,"headers":{"causation-id":"0cd9dad2-9ce2-45d8-9116-60cdfa48feb3","schema-version":1,"aggregate-type":"entity","aggregate-id":"ad183d5a-bf09-4804-a767-f14bfafdd095","aggregate-version":16}}', '2026-11-25 15:48:01.129919+00');
INSERT INTO public.inbox VALUES ('t0123456789', '1641b180-91cc-4519-a7c2-9b5682f67d3a', '574f36881283fd0fd492d09fb73a7208f89435ecdd534cb583597b31b5ddeb33', 'applied', 1, '{"type":"entity.Updated","body":"{\"event_id\":\"328137d6-1ce4-4653-aadd-ecc76341d9a3\",\"command_id\":\"1641b180-91cc-4519-a7c2-9b5682f67d3a\",\"timestamp\":\"2026-11-25T15:48:01.122513+00:00\",\"entity_id\":\"ad183d5a-bf09-4804-a767-f14bfafdd095\",\"value\":\"value 6\"}","message_id":"328137d6-1ce4-4653-aadd-ecc76341d9a3","correlation_id":"1641b180-91cc-4519-a7c2-9b5682f67d3a","timestamp":1795621681,"headers":{"causation-id":"1641b180-91cc-4519-a7c2-9b5682f67d3a","schema-version":1,"aggregate-type":"entity","aggregate-id":"ad183d5a-bf09-4804-a767-f14bfafdd095","aggregate-version":9}}', '2026-11-25 15:48:01.129919+00');
INSERT INTO public.inbox VALUES ('t0123456789', '190cf695-1430-47db-9737-30cff5b2ce8a', '7cc6f572bbfd9e392aa0e06727b946621e5276af0a3354f2b211a4023f31a177', 'applied', 1, '{"type":"entity.Updated","body":"{\"event_id\":\"5969407c-d776-427e-99f0-552c11ab4588\",\"command_id\":\"190cf695-1430-47db-9737-30cff5b2ce8a\",\"timestamp\":\"2026-11-25T15:48:01.122834+00:00\",\"entity_id\":\"ad183d5a-bf09-4804-a767-f14bfafdd095\",\"value\":\"value 16\"}","message_id":"5969407c-d776-427e-99f0-552c11ab4588","correlation_id":"190cf695-1430-47db-9737-30cff5b2ce8a","timestamp":1795621681,"headers":{"causation-id":"190cf695-1430-47db-9737-30cff5b2ce8a","schema-version":1,"aggregate-type":"entity","aggregate-id":"ad183d5a-bf09-4804-a767-f14bfafdd095","aggregate-version":19}}', '2026-11-25 15:48:01.129919+00');
INSERT INTO public.inbox VALUES ('t0123456789', '25a63756-81b9-4a9f-8ba7-4a26bb23c870', '3b91f24a060ba9904f03dcd8a6b5c24402239e9a9116e71a15c2ffc36e634dc9', 'applied', 1, '{"type":"entity.Updated","body":"{\"event_id\":\"54c74366-8073-44f7-8632-e18d16a93e55\",\"command_id\":\"25a63756-81b9-4a9f-8ba7-4a26bb23c870\",\"timestamp\":\"2026-11-25T15:48:01.122339+00:00\",\"entity_id\":\"ad183d5a-bf09-4804-a767-f14bfafdd095\",\"value\":\"value 2\"}","message_id":"54c74366-8073-44f7-8632-e18d16a93e55","correlation_id":"25a63756-81b9-4a9f-8ba7-4a26bb23c870","timestamp":1795621681,"headers":{"causation-id":"25a63756-81b9-4a9f-8ba7-4a26bb23c870","schema-version":1,"aggregate-type":"entity","aggregate-id":"ad183d5a-bf09-4804-a767-f14bfafdd095","aggregate-version":5}}', '2026-11-25 15:48:01.129919+00');
INSERT INTO public.inbox VALUES ('t0123456789', '2d7ec933-9b7e-488c-80f3-73f2d715c534', 'b8dbd1a3995cc7c897875ed1e2ccfff59f5f80b0248324ca915f16d2055936e4', 'applied', 1, '{"type":"entity.Updated","body":"{\"event_id\":\"691e3daa-ac36-4e57-9d06-02c18260e729\",\"command_id\":\"2d7ec933-9b7e-488c-80f3-73f2d715c534\",\"timestamp\":\"2026-11-25T15:48:01.122914+00:00\",\"entity_id\":\"ad183d5a-bf09-4804-a767-f14bfafdd095\",\"value\":\"value 19\"}","message_id":"691e3daa-ac36-4e57-9d06-02c18260e729","correlation_id":"2d7ec933-9b7e-488c-80f3-73f2d715c534","timestamp":1795621681,"headers":{"causation-id":"2d7ec933-9b7e-488c-80f3-73f2d715c534","schema-version":1,"aggregate-type":"entity","aggregate-id":"ad183d5a-bf09-4804-a767-f14bfafdd095","aggregate-version":22}}', '2026-11-25 15:48:01.129919+00');
INSERT INTO public.inbox VALUES ('t0123456789', '2ff264c2-c9fe-4430-9bb9-be2c7a411c42', '785c043d4a871f47899edb97f4927bd3c7013e38592912d88f39dd587c2713d1', 'applied', 1, '{"type":"entity.Updated","body":"{\"event_id\":\"733babd5-f22c-4bcd-b71c-a906fe94cbb1\",\"command_id\":\"2ff264c2-c9fe-4430-9bb9-be2c7a411c42\",\"timestamp\":\"2026-11-25T15:48:01.122804+00:00\",\"entity_id\":\"ad183d5a-bf09-4804-a767-f14bfafdd095\",\"value\":\"value 15\"}","message_id":"733babd5-f22c-4bcd-b71c-a906fe94cbb1","correlation_id":"2ff264c2-c9fe-4430-9bb9-be2c7a411c42","timestamp":1795621681,"headers":{"causation-id":"2ff264c2-c9fe-4430-9bb9-be2c7a411c42","schema-version":1,"aggregate-type":"entity","aggregate-id":"ad183d5a-bf09-4804-a767-f14bfafdd095","aggregate-version":18}}', '2026-11-25 15:48:01.129919+00');
INSERT INTO public.inbox VALUES ('t0123456789', '3689d245-38fb-4f95-841d-e5f596245fd9', '0223eca6d7610a20a76667af727bee5706c0b64d199a8918754a02226bca5053', 'applied', 1, '{"type":"entity.Updated","body":"{\"event_id\":\"7b616ab5-4384-4c0f-a441-981d8afdb791\",\"command_id\":\"3689d245-38fb-4f95-841d-e5f596245fd9\",\"timestamp\":\"2026-11-25T15:48:01.122724+00:00\",\"entity_id\":\"ad183d5a-bf09-4804-a767-f14bfafdd095\",\"value\":\"value 12\"}","message_id":"7b616ab5-4384-4c0f-a441-981d8afdb791","correlation_id":"3689d245-38fb-4f95-841d-e5f596245fd9","timestamp":1795621681,"headers":{"causation-id":"3689d245-38fb-4f95-841d-e5f596245fd9","schema-version":1,"aggregate-type":"entity","aggregate-id":"ad183d5a-bf09-4804-a767-f14bfafdd095","aggregate-version":15}}', '2026-11-25 15:48:01.129919+00');
INSERT INTO public.inbox VALUES ('t0123456789', '3ad6b5d9-f7d2-43d6-b523-e72ecb7d3c56', '7bc9332b4ff1f1e2caa66d09df3fb80e48e5c3da217400f4abc524b7dc85b099', 'applied', 1, '{"type":"entity.Updated","body":"{\"event_id\":\"6fbf5480-7df8-427f-aefa-554980a23542\",\"command_id\":\"3ad6b5d9-f7d2-43d6-b523-e72ecb7d3c56\",\"timestamp\":\"2026-11-25T15:48:01.122474+00:00\",\"entity_id\":\"ad183d5a-bf09-4804-a767-f14bfafdd095\",\"value\":\"value 5\"}","message_id":"6fbf5480-7df8-427f-aefa-554980a23542","correlation_id":"3ad6b5d9-f7d2-43d6-b523-e72ecb7d3c56","timestamp":1795621681,"headers":{"causation-id":"3ad6b5d9-f7d2-43d6-b523-e72ecb7d3c56","schema-version":1,"aggregate-type":"entity","aggregate-id":"ad183d5a-bf09-4804-a767-f14bfafdd095","aggregate-version":8}}', '2026-11-25 15:48:01.129919+00');
INSERT INTO public.inbox VALUES ('t0123456789', '3c61db5b-b6b5-4d0c-b3b1-9dfc85a35b4a', '9ed16adf90f2ffc52ad9ffb5ede4efcd87f2a85512cbac63960315d1e9083ce5', 'applied', 1, '{"type":"entity.Updated","body":"{\"event_id\":\"da613580-d025-44dd-bae1-1f7ab8472282\",\"command_id\":\"3c61db5b-b6b5-4d0c-b3b1-9dfc85a35b4a\",\"timestamp\":\"2026-11-25T15:48:01.122691+00:00\",\"entity_id\":\"ad183d5a-bf09-4804-a767-f14bfafdd095\",\"value\":\"value 11\"}","message_id":"da613580-d025-44dd-bae1-1f7ab8472282","correlation_id":"3c61db5b-b6b5-4d0c-b3b1-9dfc85a35b4a","timestamp":1795621681,"headers":{"causation-id":"3c61db5b-b6b5-4d0c-b3b1-9dfc85a35b4a","schema-version":1,"aggregate-type":"entity","aggregate-id":"ad183d5a-bf09-4804-a767-f14bfafdd095","aggregate-version":14}}', '2026-11-25 15:48:01.129919+00');
INSERT INTO public.inbox VALUES ('t0123456789', '3fc736ed-f11d-4c96-9017-866998a0f13e', '9339addc1bd93ff344cbf2ff8626af9936c6ca9e87517fbb803c7ef67a64b74a', 'applied', 1, '{"type":"entity.Updated","body":"{\"event_id\":\"e0e46691-b5b9-4f71-a3b6-8676ce822b04\",\"command_id\":\"3fc736ed-f11d-4c96-9017-866998a0f13e\",\"timestamp\":\"2026-11-25T15:48:01.122385+00:00\",\"entity_id\":\"ad183d5a-bf09-4804-a767-f14bfafdd095\",\"value\":\"value 3\"}","message_id":"e0e46691-b5b9-4f71-a3b6-8676ce822b04","correlation_id":"3fc736ed-f11d-4c96-9017-866998a0f13e","timestamp":1795621681,"headers":{"causation-id":"3fc736ed-f11d-4c96-9017-866998a0f13e","schema-version":1,"aggregate-type":"entity","aggregate-id":"ad183d5a-bf09-4804-a767-f14bfafdd095","aggregate-version":6}}', '2026-11-25 15:48:01.129919+00');
INSERT INTO public.inbox VALUES ('t0123456789', '4459124a-dd15-4bb0-8d82-4dfe36a57612', '072df87aaf8eba864b028e2993c7a0d4bf05a5599fdfa5016101cd9b24065a25', 'applied', 1, '{"type":"entity.Updated","body":"{\"event_id\":\"08697c7b-5211-4a0c-a582-4baeaea6bac4\",\"command_id\":\"4459124a-dd15-4bb0-8d82-4dfe36a57612\",\"timestamp\":\"2026-11-25T15:48:01.122556+00:00\",\"entity_id\":\"ad183d5a-bf09-4804-a767-f14bfafdd095\",\"value\":\"value 7\"}","message_id":"08697c7b-5211-4a0c-a582-4baeaea6bac4","correlation_id":"4459124a-dd15-4bb0-8d82-4dfe36a57612","timestamp":1795621681,"headers":{"causation-id":"4459124a-dd15-4bb0-8d82-4dfe36a57612","schema-version":1,"aggregate-type":"entity","aggregate-id":"ad183d5a-bf09-4804-a767-f14bfafdd095","aggregate-version":10}}', '2026-11-25 15:48:01.129919+00');
INSERT INTO public.inbox VALUES ('t0123456789', '5c9ccbd7-e214-41f3-9870-6fd302e8a243', '83735be4d7b43faf1b9433cb543e75c7e3dd8312b37ae5de08d79f54ce51763f', 'applied', 1, '{"type":"entity.Updated","body":"{\"event_id\":\"31df683c-983c-4d39-8996-0df1971bb449\",\"command_id\":\"5c9ccbd7-e214-41f3-9870-6fd302e8a243\",\"timestamp\":\"2026-11-25T15:48:01.122434+00:00\",\"entity_id\":\"ad183d5a-bf09-4804-a767-f14bfafdd095\",\"value\":\"value 4\"}","message_id":"31df683c-983c-4d39-8996-0df1971bb449","correlation_id":"5c9ccbd7-e214-41f3-9870-6fd302e8a243","timestamp":1795621681,"headers":{"causation-id":"5c9ccbd7-e214-41f3-9870-6fd302e8a243","schema-version":1,"aggregate-type":"entity","aggregate-id":"ad183d5a-bf09-4804-a767-f14bfafdd095","aggregate-version":7}}', '2026-11-25 15:48:01.129919+00');
INSERT INTO public.inbox VALUES ('t0123456789', '89f2e851-8223-41e0-b95a-a06edccc41ca', 'efa0ffeb7265b7b2ec0504aa279763a12989bc3a84bb313ebfe7f7be584a8273', 'applied', 1, '{"type":"entity.Updated","body":"{\"event_id\":\"6288a90f-25bf-4c59-a993-80d745bf1148\",\"command_id\":\"89f2e851-8223-41e0-b95a-a06edccc41ca\",\"timestamp\":\"2026-11-25T15:48:01.122632+00:00\",\"entity_id\":\"ad183d5a-bf09-4804-a767-f14bfafdd095\",\"value\":\"value 9\"}","message_id":"6288a90f-25bf-4c59-a993-80d745bf1148","correlation_id":"89f2e851-8223-41e0-b95a-a06edccc41ca","timestamp":1795621681,"headers":{"causation-id":"89f2e851-8223-41e0-b95a-a06edccc41ca","schema-version":1,"aggregate-type":"entity","aggregate-id":"ad183d5a-bf09-4804-a767-f14bfafdd095","aggregate-version":12}}', '2026-11-25 15:48:01.129919+00');
INSERT INTO public.inbox VALUES ('t0123456789', 'ae078d06-ffcf-4066-82ae-6bfa051adc4e', '3dca06b2d4e233a9ad44d1da8eecceb455944f92a79291e49643540908c4817b', 'applied', 1, '{"type":"entity.Updated","body":"{\"event_id\":\"cea7963a-b5ee-433a-99c7-3cf87aa733b7\",\"command_id\":\"ae078d06-ffcf-4066-82ae-6bfa051adc4e\",\"timestamp\":\"2026-11-25T15:48:01.122779+00:00\",\"entity_id\":\"ad183d5a-bf09-4804-a767-f14bfafdd095\",\"value\":\"value 14\"}","message_id":"cea7963a-b5ee-433a-99c7-3cf87aa733b7","correlation_id":"ae078d06-ffcf-4066-82ae-6bfa051adc4e","timestamp":1795621681,"headers":{"causation-id":"ae078d06-ffcf-4066-82ae-6bfa051adc4e","schema-version":1,"aggregate-type":"entity","aggregate-id":"ad183d5a-bf09-4804-a767-f14bfafdd095","aggregate-version":17}}', '2026-11-25 15:48:01.129919+00');
INSERT INTO public.inbox VALUES ('t0123456789', 'b5ed9904-db16-4aa5-9bfa-eedab3a4f7b9', 'd304d5f03415b0992cc4b4cc52d9e140ae65b086fed1880a6970181ebe2c407e', 'applied', 1, '{"type":"entity.Updated","body":"{\"event_id\":\"178c2c63-7aac-4137-aaef-0e7e12f96950\",\"command_id\":\"b5ed9904-db16-4aa5-9bfa-eedab3a4f7b9\",\"timestamp\":\"2026-11-25T15:48:01.122599+00:00\",\"entity_id\":\"ad183d5a-bf09-4804-a767-f14bfafdd095\",\"value\":\"value 8\"}","message_id":"178c2c63-7aac-4137-aaef-0e7e12f96950","correlation_id":"b5ed9904-db16-4aa5-9bfa-eedab3a4f7b9","timestamp":1795621681,"headers":{"causation-id":"b5ed9904-db16-4aa5-9bfa-eedab3a4f7b9","schema-version":1,"aggregate-type":"entity","aggregate-id":"ad183d5a-bf09-4804-a767-f14bfafdd095","aggregate-version":11}}', '2026-11-25 15:48:01.129919+00');
INSERT INTO public.inbox VALUES ('t0123456789', 'c85e3d09-cd13-451e-98f9-eac0b6e407ed', 'bec7c1d1ccaea46d1f328c59dd7e4a38306d4ba6a3a7a712174a61f2e2a6a017', 'applied', 1, '{"type":"entity.Updated","body":"{\"event_id\":\"022f48a4-0925-4cfa-98ed-5ad051ac23bb\",\"command_id\":\"c85e3d09-cd13-451e-98f9-eac0b6e407ed\",\"timestamp\":\"2026-11-25T15:48:01.122888+00:00\",\"entity_id\":\"ad183d5a-bf09-4804-a767-f14bfafdd095\",\"value\":\"value 18\"}","message_id":"022f48a4-0925-4cfa-98ed-5ad051ac23bb","correlation_id":"c85e3d09-cd13-451e-98f9-eac0b6e407ed","timestamp":1795621681,"headers":{"causation-id":"c85e3d09-cd13-451e-98f9-eac0b6e407ed","schema-version":1,"aggregate-type":"entity","aggregate-id":"ad183d5a-bf09-4804-a767-f14bfafdd095","aggregate-version":21}}', '2026-11-25 15:48:01.129919+00');
INSERT INTO public.inbox VALUES ('t0123456789', 'cc0d6d9b-8920-43d2-8f60-36be049f8aa4', 'e123a3aff54384af6812daed9d0199ff234211a55b496eec4da00774e5ad5073', 'applied', 1, '{"type":"entity.Updated","body":"{\"event_id\":\"c2585217-c369-401b-9dae-58847c0b7624\",\"command_id\":\"cc0d6d9b-8920-43d2-8f60-36be049f8aa4\",\"timestamp\":\"2026-11-25T15:48:01.122663+00:00\",\"entity_id\":\"ad183d5a-bf09-4804-a767-f14bfafdd095\",\"value\":\"value 10\"}","message_id":"c2585217-c369-401b-9dae-58847c0b7624","correlation_id":"cc0d6d9b-8920-43d2-8f60-36be049f8aa4","timestamp":1795621681,"headers":{"causation-id":"cc0d6d9b-8920-43d2-8f60-36be049f8aa4","schema-version":1,"aggregate-type":"entity","aggregate-id":"ad183d5a-bf09-4804-a767-f14bfafdd095","aggregate-version":13}}', '2026-11-25 15:48:01.129919+00');
INSERT INTO public.inbox VALUES ('t0123456789', 'f3b03a48-ac84-4117-9466-d12cd6edadbc', '2a5a7d235eb045b594ae25851602cbcfb3f0eb2d5522c2c0923ef5c4646444e0', 'applied', 1, '{"type":"entity.Updated","body":"{\"event_id\":\"bebd8987-2355-4ed1-907c-f65f0cdc6a8d\",\"command_id\":\"f3b03a48-ac84-4117-9466-d12cd6edadbc\",\"timestamp\":\"2026-11-25T15:48:01.122173+00:00\",\"entity_id\":\"ad183d5a-bf09-4804-a767-f14bfafdd095\",\"value\":\"value 1\"}","message_id":"bebd8987-2355-4ed1-907c-f65f0cdc6a8d","correlation_id":"f3b03a48-ac84-4117-9466-d12cd6edadbc","timestamp":1795621681,"headers":{"causation-id":"f3b03a48-ac84-4117-9466-d12cd6edadbc","schema-version":1,"aggregate-type":"entity","aggregate-id":"ad183d5a-bf09-4804-a767-f14bfafdd095","aggregate-version":4}}', '2026-11-25 15:48:01.129919+00');
INSERT INTO public.inbox VALUES ('t0123456789', 'f71e9829-c6cd-4deb-af9f-4128d03f03d3', '9d05049101227f3236be71bfb9a74fc302437a05e8f98ad5fcf0b3cc5d260d9a', 'applied', 1, '{"type":"entity.Updated","body":"{\"event_id\":\"d5f688f6-fd88-491a-a77b-90195a114278\",\"command_id\":\"f71e9829-c6cd-4deb-af9f-4128d03f03d3\",\"timestamp\":\"2026-11-25T15:48:01.122861+00:00\",\"entity_id\":\"ad183d5a-bf09-4804-a767-f14bfafdd095\",\"value\":\"value 17\"}","message_id":"d5f688f6-fd88-491a-a77b-90195a114278","correlation_id":"f71e9829-c6cd-4deb-af9f-4128d03f03d3","timestamp":1795621681,"headers":{"causation-id":"f71e9829-c6cd-4deb-af9f-4128d03f03d3","schema-version":1,"aggregate-type":"entity","aggregate-id":"ad183d5a-bf09-4804-a767-f14bfafdd095","aggregate-version":20}}', '2026-11-25 15:48:01.129919+00');
INSERT INTO public.inbox VALUES ('t0123456789', 'a6245e5b-b81d-4de8-9f98-b419132bef99', 'd4cf9fc049aefc0eae8aaa9c0d8e2cd4d18a8f728c4f82643b493b93950380bb', 'rejected', 1, '{"type":"CommandRejected","body":"{\"event_id\":\"1b1ea769-3641-4494-b22d-d26bf6caf822\",\"command_id\":\"a6245e5b-b81d-4de8-9f98-b419132bef99\",\"timestamp\":\"2026-11-25T15:48:05.416170+00:00\",\"command_type\":\"entity.UpdateValue\",\"code\":\"not-found\",\"reason\":\"There is no entity 9b627eb3-e5cd-4386-a9c4-1ed985b623e8.\"}","message_id":"1b1ea769-3641-4494-b22d-d26bf6caf822","correlation_id":"a6245e5b-b81d-4de8-9f98-b419132bef99","timestamp":1795621685,"headers":{"causation-id":"a6245e5b-b81d-4de8-9f98-b419132bef99","schema-version":1}}', '2026-11-25 15:48:05.416363+00');


--
-- Data for Name: outbox; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.outbox VALUES (5, 't0123456789', NULL, 'ad183d5a-bf09-4804-a767-f14bfafdd095', 'entity.Updated', '{"event_id":"bce0b4d7-8e79-4adf-a45d-207d9d37096a","command_id":"01b0210d-c4c9-4331-9d57-718187b64e28","timestamp":"2026-11-25T15:48:01.066329+00:00","entity_id":"ad183d5a-bf09-4804-a767-f14bfafdd095","value":"value 0"}', 'bce0b4d7-8e79-4adf-a45d-207d9d37096a', '01b0210d-c4c9-4331-9d57-718187b64e28', 1795621681, '{"causation-id":"01b0210d-c4c9-4331-9d57-718187b64e28","schema-version":1,"aggregate-type":"entity","aggregate-id":"ad183d5a-bf09-4804-a767-f14bfafdd095","aggregate-version":3}');
INSERT INTO public.outbox VALUES (6, 't0123456789', NULL, 'ad183d5a-bf09-4804-a767-f14bfafdd095', 'entity.Updated', '{"event_id":"bebd8987-2355-4ed1-907c-f65f0cdc6a8d","command_id":"f3b03a48-ac84-4117-9466-d12cd6edadbc","timestamp":"2026-11-25T15:48:01.122173+00:00","entity_id":"ad183d5a-bf09-4804-a767-f14bfafdd095","value":"value 1"}', 'bebd8987-2355-4ed1-907c-f65f0cdc6a8d', 'f3b03a48-ac84-4117-9466-d12cd6edadbc', 1795621681, '{"causation-id":"f3b03a48-ac84-4117-9466-d12cd6edadbc","schema-version":1,"aggregate-type":"entity","aggregate-id":"ad183d5a-bf09-4804-a767-f14bfafdd095","aggregate-version":4}');
INSERT INTO public.outbox VALUES (7, 't0123456789', NULL, 'ad183d5a-bf09-4804-a767-f14bfafdd095', 'entity.Updated', '{"event_id":"54c74366-8073-44f7-8632-e18d16a93e55","command_id":"25a63756-81b9-4a9f-8ba7-4a26bb23c870","timestamp":"2026-11-25T15:48:01.122339+00:00","entity_id":"ad183d5a-bf09-4804-a767-f14bfafdd095","value":"value 2"}', '54c74366-8073-44f7-8632-e18d16a93e55', '25a63756-81b9-4a9f-8ba7-4a26bb23c870', 1795621681, '{"causation-id":"25a63756-81b9-4a9f-8ba7-4a26bb23c870","schema-version":1,"aggregate-type":"entity","aggregate-id":"ad183d5a-bf09-4804-a767-f14bfafdd095","aggregate-version":5}');
INSERT INTO public.outbox VALUES (8, 't0123456789', NULL, 'ad183d5a-bf09-4804-a767-f14bfafdd095', 'entity.Updated', '{"event_id":"e0e46691-b5b9-4f71-a3b6-8676ce822b04","command_id":"3fc736ed-f11d-4c96-9017-866998a0f13e","timestamp":"2026-11-25T15:48:01.122385+00:00","entity_id":"ad183d5a-bf09-4804-a767-f14bfafdd095","value":"value 3"}', 'e0e46691-b5b9-4f71-a3b6-8676ce822b04', '3fc736ed-f11d-4c96-9017-866998a0f13e', 1795621681, '{"causation-id":"3fc736ed-f11d-4c96-9017-866998a0f13e","schema-version":1,"aggregate-type":"entity","aggregate-id":"ad183d5a-bf09-4804-a767-f14bfafdd095","aggregate-version":6}');
INSERT INTO public.outbox VALUES (9, 't0123456789', NULL, 'ad183d5a-bf09-4804-a767-f14bfafdd095', 'entity.Updated', '{"event_id":"31df683c-983c-4d39-8996-0df1971bb449","command_id":"5c9ccbd7-e214-41f3-9870-6fd302e8a243","timestamp":"2026-11-25T15:48:01.122434+00:00","entity_id":"ad183d5a-bf09-4804-a767-f14bfafdd095","value":"value 4"}', '31df683c-983c-4d39-8996-0df1971bb449', '5c9ccbd7-e214-41f3-9870-6fd302e8a243', 1795621681, '{"causation-id":"5c9ccbd7-e214-41f3-9870-6fd302e8a243","schema-version":1,"aggregate-type":"entity","aggregate-id":"ad183d5a-bf09-4804-a767-f14bfafdd095","aggregate-version":7}');
INSERT INTO public.outbox VALUES (10, 't0123456789', NULL, 'ad183d5a-bf09-4804-a767-f14bfafdd095', 'entity.Updated', '{"event_id":"6fbf5480-7df8-427f-aefa-554980a23542","command_id":"3ad6b5d9-f7d2-43d6-b523-e72ecb7d3c56","timestamp":"2026-11-25T15:48:01.122474+00:00","entity_id":"ad183d5a-bf09-4804-a767-f14bfafdd095","value":"value 5"}', '6fbf5480-7df8-427f-aefa-554980a23542', '3ad6b5d9-f7d2-43d6-b523-e72ecb7d3c56', 1795621681, '{"causation-id":"3ad6b5d9-f7d2-43d6-b523-e72ecb7d3c56","schema-version":1,"aggregate-type":"entity","aggregate-id":"ad183d5a-bf09-4804-a767-f14bfafdd095","aggregate-version":8}');
INSERT INTO public.outbox VALUES (11, 't0123456789', NULL, 'ad183d5a-bf09-4804-a767-f14bfafdd095', 'entity.Updated', '{"event_id":"328137d6-1ce4-4653-aadd-ecc76341d9a3","command_id":"1641b180-91cc-4519-a7c2-9b5682f67d3a","timestamp":"2026-11-25T15:48:01.122513+00:00","entity_id":"ad183d5a-bf09-4804-a767-f14bfafdd095","value":"value 6"}', '328137d6-1ce4-4653-aadd-ecc76341d9a3', '1641b180-91cc-4519-a7c2-9b5682f67d3a', 1795621681, '{"causation-id":"1641b180-91cc-4519-a7c2-9b5682f67d3a","schema-version":1,"aggregate-type":"entity","aggregate-id":"ad183d5a-bf09-4804-a767-f14bfafdd095","aggregate-version":9}');
INSERT INTO public.outbox VALUES (12, 't0123456789', NULL, 'ad183d5a-bf09-4804-a767-f14bfafdd095', 'entity.Updated', '{"event_id":"08697c7b-5211-4a0c-a582-4baeaea6bac4","command_id":"4459124a-dd15-4bb0-8d82-4dfe36a57612","timestamp":"2026-11-25T15:48:01.122556+00:00","entity_id":"ad183d5a-bf09-4804-a767-f14bfafdd095","value":"value 7"}', '08697c7b-5211-4a0c-a582-4baeaea6bac4', '4459124a-dd15-4bb0-8d82-4dfe36a57612', 1795621681, '{"causation-id":"4459124a-dd15-4bb0-8d82-4dfe36a57612","schema-version":1,"aggregate-type":"entity","aggregate-id":"ad183d5a-bf09-4804-a767-f14bfafdd095","aggregate-version":10}');
INSERT INTO public.outbox VALUES (13, 't0123456789', NULL, 'ad183d5a-bf09-4804-a767-f14bfafdd095', 'entity.Updated', '{"event_id":"178c2c63-7aac-4137-aaef-0e7e12f96950","command_id":"b5ed9904-db16-4aa5-9bfa-eedab3a4f7b9","timestamp":"2026-11-25T15:48:01.122599+00:00","entity_id":"ad183d5a-bf09-4804-a767-f14bfafdd095","value":"value 8"}', '178c2c63-7aac-4137-aaef-0e7e12f96950', 'b5ed9904-db16-4aa5-9bfa-eedab3a4f7b9', 1795621681, '{"causation-id":"b5ed9904-db16-4aa5-9bfa-eedab3a4f7b9","schema-version":1,"aggregate-type":"entity","aggregate-id":"ad183d5a-bf09-4804-a767-f14bfafdd095","aggregate-version":11}');
INSERT INTO public.outbox VALUES (14, 't0123456789', NULL, 'ad183d5a-bf09-4804-a767-f14bfafdd095', 'entity.Updated', '{"event_id":"6288a90f-25bf-4c59-a993-80d745bf1148","command_id":"89f2e851-8223-41e0-b95a-a06edccc41ca","timestamp":"2026-11-25T15:48:01.122632+00:00","entity_id":"ad183d5a-bf09-4804-a767-f14bfafdd095","value":"value 9"}', '6288a90f-25bf-4c59-a993-80d745bf1148', '89f2e851-8223-41e0-b95a-a06edccc41ca', 1795621681, '{"causation-id":"89f2e851-8223-41e0-b95a-a06edccc41ca","schema-version":1,"aggregate-type":"entity","aggregate-id":"ad183d5a-bf09-4804-a767-f14bfafdd095","aggregate-version":12}');
INSERT INTO public.outbox VALUES (15, 't0123456789', NULL, 'ad183d5a-bf09-4804-a767-f14bfafdd095', 'entity.Updated', '{"event_id":"c2585217-c369-401b-9dae-58847c0b7624","command_id":"cc0d6d9b-8920-43d2-8f60-36be049f8aa4","timestamp":"2026-11-25T15:48:01.122663+00:00","entity_id":"ad183d5a-bf09-4804-a767-f14bfafdd095","value":"value 10"}', 'c2585217-c369-401b-9dae-58847c0b7624', 'cc0d6d9b-8920-43d2-8f60-36be049f8aa4', 1795621681, '{"causation-id":"cc0d6d9b-8920-43d2-8f60-36be049f8aa4","schema-version":1,"aggregate-type":"entity","aggregate-id":"ad183d5a-bf09-4804-a767-f14bfafdd095","aggregate-version":13}');
INSERT INTO public.outbox VALUES (16, 't0123456789', NULL, 'ad183d5a-bf09-4804-a767-f14bfafdd095', 'entity.Updated', '{"event_id":"da613580-d025-44dd-bae1-1f7ab8472282","command_id":"3c61db5b-b6b5-4d0c-b3b1-9dfc85a35b4a","timestamp":"2026-11-25T15:48:01.122691+00:00","entity_id":"ad183d5a-bf09-4804-a767-f14bfafdd095","value":"value 11"}', 'da613580-d025-44dd-bae1-1f7ab8472282', '3c61db5b-b6b5-4d0c-b3b1-9dfc85a35b4a', 1795621681, '{"causation-id":"3c61db5b-b6b5-4d0c-b3b1-9dfc85a35b4a","schema-version":1,"aggregate-type":"entity","aggregate-id":"ad183d5a-bf09-4804-a767-f14bfafdd095","aggregate-version":14}');
INSERT INTO public.outbox VALUES (17, 't0123456789', NULL, 'ad183d5a-bf09-4804-a767-f14bfafdd095', 'entity.Updated', '{"event_id":"7b616ab5-4384-4c0f-a441-981d8afdb791","command_id":"3689d245-38fb-4f95-841d-e5f596245fd9","timestamp":"2026-11-25T15:48:01.122724+00:00","entity_id":"ad183d5a-bf09-4804-a767-f14bfafdd095","value":"value 12"}', '7b616ab5-4384-4c0f-a441-981d8afdb791', '3689d245-38fb-4f95-841d-e5f596245fd9', 1795621681, '{"causation-id":"3689d245-38fb-4f95-841d-e5f596245fd9","schema-version":1,"aggregate-type":"entity","aggregate-id":"ad183d5a-bf09-4804-a767-f14bfafdd095","aggregate-version":15}');
INSERT INTO public.outbox VALUES (18, 't0123456789', NULL, 'ad183d5a-bf09-4804-a767-f14bfafdd095', 'entity.Updated', '{"event_id":"81934196-e816-4b32-ab4c-2ae5e7985c3e","command_id":"0cd9dad2-9ce2-45d8-9116-60cdfa48feb3","timestamp":"2026-11-25T15:48:01.122752+00:00","entity_id":"ad183d5a-bf09-4804-a767-f14bfafdd095","value":"value 13"}', '81934196-e816-4b32-ab4c-2ae5e7985c3e', '0cd9dad2-9ce2-45d8-9116-60cdfa48feb3', 1795621681, '{"causation-id":"0cd9dad2-9ce2-45d8-9116-60cdfa48feb3","schema-version":1,"aggregate-type":"entity","aggregate-id":"ad183d5a-bf09-4804-a767-f14bfafdd095","aggregate-version":16}');
INSERT INTO public.outbox VALUES (19, 't0123456789', NULL, 'ad183d5a-bf09-4804-a767-f14bfafdd095', 'entity.Updated', '{"event_id":"cea7963a-b5ee-433a-99c7-3cf87aa733b7","command_id":"ae078d06-ffcf-4066-82ae-6bfa051adc4e","timestamp":"2026-11-25T15:48:01.122779+00:00","entity_id":"ad183d5a-bf09-4804-a767-f14bfafdd095","value":"value 14"}', 'cea7963a-b5ee-433a-99c7-3cf87aa733b7', 'ae078d06-ffcf-4066-82ae-6bfa051adc4e', 1795621681, '{"causation-id":"ae078d06-ffcf-4066-82ae-6bfa051adc4e","schema-version":1,"aggregate-type":"entity","aggregate-id":"ad183d5a-bf09-4804-a767-f14bfafdd095","aggregate-version":17}');
INSERT INTO public.outbox VALUES (20, 't0123456789', NULL, 'ad183d5a-bf09-4804-a767-f14bfafdd095', 'entity.Updated', '{"event_id":"733babd5-f22c-4bcd-b71c-a906fe94cbb1","command_id":"2ff264c2-c9fe-4430-9bb9-be2c7a411c42","timestamp":"2026-11-25T15:48:01.122804+00:00","entity_id":"ad183d5a-bf09-4804-a767-f14bfafdd095","value":"value 15"}', '733babd5-f22c-4bcd-b71c-a906fe94cbb1', '2ff264c2-c9fe-4430-9bb9-be2c7a411c42', 1795621681, '{"causation-id":"2ff264c2-c9fe-4430-9bb9-be2c7a411c42","schema-version":1,"aggregate-type":"entity","aggregate-id":"ad183d5a-bf09-4804-a767-f14bfafdd095","aggregate-version":18}');
INSERT INTO public.outbox VALUES (21, 't0123456789', NULL, 'ad183d5a-bf09-4804-a767-f14bfafdd095', 'entity.Updated', '{"event_id":"5969407c-d776-427e-99f0-552c11ab4588","command_id":"190cf695-1430-47db-9737-30cff5b2ce8a","timestamp":"2026-11-25T15:48:01.122834+00:00","entity_id":"ad183d5a-bf09-4804-a767-f14bfafdd095","value":"value 16"}', '5969407c-d776-427e-99f0-552c11ab4588', '190cf695-1430-47db-9737-30cff5b2ce8a', 1795621681, '{"causation-id":"190cf695-1430-47db-9737-30cff5b2ce8a","schema-version":1,"aggregate-type":"entity","aggregate-id":"ad183d5a-bf09-4804-a767-f14bfafdd095","aggregate-version":19}');
INSERT INTO public.outbox VALUES (22, 't0123456789', NULL, 'ad183d5a-bf09-4804-a767-f14bfafdd095', 'entity.Updated', '{"event_id":"d5f688f6-fd88-491a-a77b-90195a114278","command_id":"f71e9829-c6cd-4deb-af9f-4128d03f03d3","timestamp":"2026-11-25T15:48:01.122861+00:00","entity_id":"ad183d5a-bf09-4804-a767-f14bfafdd095","value":"value 17"}', 'd5f688f6-fd88-491a-a77b-90195a114278', 'f71e9829-c6cd-4deb-af9f-4128d03f03d3', 1795621681, '{"causation-id":"f71e9829-c6cd-4deb-af9f-4128d03f03d3","schema-version":1,"aggregate-type":"entity","aggregate-id":"ad183d5a-bf09-4804-a767-f14bfafdd095","aggregate-version":20}');
INSERT INTO public.outbox VALUES (23, 't0123456789', NULL, 'ad183d5a-bf09-4804-a767-f14bfafdd095', 'entity.Updated', '{"event_id":"022f48a4-0925-4cfa-98ed-5ad051ac23bb","command_id":"c85e3d09-cd13-451e-98f9-eac0b6e407ed","timestamp":"2026-11-25T15:48:01.122888+00:00","entity_id":"ad183d5a-bf09-4804-a767-f14bfafdd095","value":"value 18"}', '022f48a4-0925-4cfa-98ed-5ad051ac23bb', 'c85e3d09-cd13-451e-98f9-eac0b6e407ed', 1795621681, '{"causation-id":"c85e3d09-cd13-451e-98f9-eac0b6e407ed","schema-version":1,"aggregate-type":"entity","aggregate-id":"ad183d5a-bf09-4804-a767-f14bfafdd095","aggregate-version":21}');
INSERT INTO public.outbox VALUES (24, 't0123456789', NULL, 'ad183d5a-bf09-4804-a767-f14bfafdd095', 'entity.Updated', '{"event_id":"691e3daa-ac36-4e57-9d06-02c18260e729","command_id":"2d7ec933-9b7e-488c-80f3-73f2d715c534","timestamp":"2026-11-25T15:48:01.122914+00:00","entity_id":"ad183d5a-bf09-4804-a767-f14bfafdd095","value":"value 19"}', '691e3daa-ac36-4e57-9d06-02c18260e729', '2d7ec933-9b7e-488c-80f3-73f2d715c534', 1795621681, '{"causation-id":"2d7ec933-9b7e-488c-80f3-73f2d715c534","schema-version":1,"aggregate-type":"entity","aggregate-id":"ad183d5a-bf09-4804-a767-f14bfafdd095","aggregate-version":22}');
INSERT INTO public.outbox VALUES (25, 't0123456789', NULL, NULL, 'CommandRejected', '{"event_id":"1b1ea769-3641-4494-b22d-d26bf6caf822","command_id":"a6245e5b-b81d-4de8-9f98-b419132bef99","timestamp":"2026-11-25T15:48:05.416170+00:00","command_type":"entity.UpdateValue","code":"not-found","reason":"There is no entity 9b627eb3-e5cd-4386-a9c4-1ed985b623e8."}', '1b1ea769-3641-4494-b22d-d26bf6caf822', 'a6245e5b-b81d-4de8-9f98-b419132bef99', 1795621685, '{"causation-id":"a6245e5b-b81d-4de8-9f98-b419132bef99","schema-version":1}');


--
-- Data for Name: retries; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.retries VALUES (2, 't0123456789', '2026-11-25 15:47:57.588147+00', '\x7b22636f6d6d616e645f6964223a202263313338653531392d646263382d343535392d616364632d323537626466653763313435222c2022656e746974795f6964223a202261643138336435612d626630392d343830342d613736372d663134626661666464303935222c202276616c7565223a202262756720756e74696c2032227d', '{"type":"entity.UpdateValue","content_type":"application/json","message_id":"c138e519-dbc8-4559-acdc-257bdfe7c145","headers":{"retry-attempt":2,"retry-history":"2026-11-25T15:47:57.588+00:00"}}');


--
-- Name: dead_letters_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.dead_letters_id_seq', 1, true);


--
-- Name: outbox_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.outbox_id_seq', 25, true);


--
-- Name: retries_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.retries_id_seq', 2, true);


--
-- Name: alembic_version alembic_version_pkc; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);


--
-- Name: dead_letters pk_dead_letters; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.dead_letters
    ADD CONSTRAINT pk_dead_letters PRIMARY KEY (id);


--
-- Name: entities pk_entities; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.entities
    ADD CONSTRAINT pk_entities PRIMARY KEY (id);


--
-- Name: inbox pk_inbox; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.inbox
    ADD CONSTRAINT pk_inbox PRIMARY KEY (component, command_id);


--
-- Name: outbox pk_outbox; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT pk_outbox PRIMARY KEY (id);


--
-- Name: retries pk_retries; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.retries
    ADD CONSTRAINT pk_retries PRIMARY KEY (id);


--
-- Name: ix_dead_letters_command_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_dead_letters_command_id ON public.dead_letters USING btree (command_id);


--
-- Name: ix_dead_letters_died_at; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_dead_letters_died_at ON public.dead_letters USING btree (died_at);


--
-- Name: ix_inbox_recorded_at; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_inbox_recorded_at ON public.inbox USING btree (recorded_at);


--
-- Name: ix_outbox_component_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_outbox_component_id ON public.outbox USING btree (component, id);


--
-- Name: ix_retries_component_due_at; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_retries_component_due_at ON public.retries USING btree (component, due_at);


--
-- PostgreSQL database dump complete
--


