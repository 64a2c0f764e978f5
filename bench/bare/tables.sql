DROP SCHEMA IF EXISTS bare CASCADE;
CREATE SCHEMA bare;
CREATE TABLE bare.journal (LIKE public.inboxes_webhookevent INCLUDING ALL);
ALTER TABLE bare.journal ADD COLUMN body bytea NOT NULL;
CREATE TABLE bare.chat (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, address text NOT NULL UNIQUE,
    last_text text NOT NULL, unread int NOT NULL DEFAULT 1);
CREATE TABLE bare.identity (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, address text NOT NULL UNIQUE, name text NOT NULL);
CREATE TABLE bare.thread (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, identity_id bigint NOT NULL UNIQUE,
    last_id bigint, last_text text, unread int NOT NULL DEFAULT 0);
CREATE TABLE bare.message (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, chat_id bigint NOT NULL, text text NOT NULL,
    status text NOT NULL, provider_id text UNIQUE, created_at timestamptz NOT NULL DEFAULT now());
CREATE INDEX ON bare.message (id) WHERE status = 'queued';
