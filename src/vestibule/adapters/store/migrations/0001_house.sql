-- The first schema. `app_id` leads every primary key and unique index (docs/data.md says what each table is for).
-- Types are limited to TEXT and BIGINT; instants are milliseconds UTC; JSON is TEXT.

-- Tenancy ------------------------------------------------------------------------------------------------------------

CREATE TABLE project (
  app_id TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, created_at_ms BIGINT NOT NULL,
  PRIMARY KEY (app_id, id)
);

CREATE TABLE app (
  app_id TEXT NOT NULL PRIMARY KEY, project_id TEXT NOT NULL, name TEXT NOT NULL,
  environment TEXT NOT NULL, created_at_ms BIGINT NOT NULL, disabled_at_ms BIGINT
);

CREATE TABLE policy (
  app_id TEXT NOT NULL, field TEXT NOT NULL, value TEXT NOT NULL, changed_at_ms BIGINT NOT NULL,
  PRIMARY KEY (app_id, field)
);

CREATE TABLE app_key (
  app_id TEXT NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, environment TEXT NOT NULL,
  digest TEXT NOT NULL, sealed TEXT, created_at_ms BIGINT NOT NULL, revoked_at_ms BIGINT,
  PRIMARY KEY (app_id, id)
);
CREATE UNIQUE INDEX app_key_digest ON app_key (app_id, digest);

-- Accounts -----------------------------------------------------------------------------------------------------------

CREATE TABLE "user" (
  app_id TEXT NOT NULL, id TEXT NOT NULL, status TEXT NOT NULL, profile TEXT NOT NULL, roles TEXT NOT NULL,
  version BIGINT NOT NULL, data_key TEXT NOT NULL,
  created_at_ms BIGINT NOT NULL, updated_at_ms BIGINT NOT NULL, last_sign_in_at_ms BIGINT NOT NULL,
  PRIMARY KEY (app_id, id)
);

CREATE TABLE identifier (
  app_id TEXT NOT NULL, id TEXT NOT NULL, user_id TEXT NOT NULL, kind TEXT NOT NULL, value TEXT NOT NULL,
  verified_at_ms BIGINT, verified_how TEXT, is_primary BIGINT NOT NULL,
  added_at_ms BIGINT NOT NULL, removed_at_ms BIGINT, reserved_until_ms BIGINT,
  PRIMARY KEY (app_id, id)
);
CREATE UNIQUE INDEX identifier_value ON identifier (app_id, kind, value) WHERE removed_at_ms IS NULL;
CREATE INDEX identifier_user ON identifier (app_id, user_id);
CREATE INDEX identifier_removed ON identifier (app_id, removed_at_ms) WHERE removed_at_ms IS NOT NULL;

CREATE TABLE credential (
  app_id TEXT NOT NULL, id TEXT NOT NULL, user_id TEXT NOT NULL, kind TEXT NOT NULL, secret TEXT NOT NULL,
  added_at_ms BIGINT NOT NULL, added_by_event TEXT NOT NULL, removed_at_ms BIGINT,
  PRIMARY KEY (app_id, id)
);
CREATE UNIQUE INDEX credential_live ON credential (app_id, user_id, kind) WHERE removed_at_ms IS NULL AND kind = 'password';
CREATE INDEX credential_user ON credential (app_id, user_id);
CREATE INDEX credential_removed ON credential (app_id, removed_at_ms) WHERE removed_at_ms IS NOT NULL;

CREATE TABLE identity (
  app_id TEXT NOT NULL, id TEXT NOT NULL, user_id TEXT NOT NULL, issuer TEXT NOT NULL, subject TEXT NOT NULL,
  added_at_ms BIGINT NOT NULL, added_by_event TEXT NOT NULL, removed_at_ms BIGINT,
  PRIMARY KEY (app_id, id)
);
CREATE UNIQUE INDEX identity_subject ON identity (app_id, issuer, subject) WHERE removed_at_ms IS NULL;
CREATE INDEX identity_user ON identity (app_id, user_id);

CREATE TABLE user_alias (
  app_id TEXT NOT NULL, namespace TEXT NOT NULL, value TEXT NOT NULL, user_id TEXT NOT NULL,
  PRIMARY KEY (app_id, namespace, value)
);

CREATE TABLE registration (
  app_id TEXT NOT NULL, id TEXT NOT NULL, user_id TEXT NOT NULL, kind TEXT NOT NULL, value TEXT NOT NULL,
  password_hash TEXT NOT NULL, profile TEXT NOT NULL, created_at_ms BIGINT NOT NULL, expires_at_ms BIGINT NOT NULL,
  ended_at_ms BIGINT,
  PRIMARY KEY (app_id, id)
);
CREATE INDEX registration_value ON registration (app_id, kind, value, created_at_ms);
CREATE INDEX registration_user ON registration (app_id, user_id);
CREATE INDEX registration_expires ON registration (app_id, expires_at_ms);

-- Sign-in ------------------------------------------------------------------------------------------------------------

CREATE TABLE device (
  app_id TEXT NOT NULL, id TEXT NOT NULL, digest TEXT NOT NULL, created_at_ms BIGINT NOT NULL,
  PRIMARY KEY (app_id, id)
);
CREATE UNIQUE INDEX device_digest ON device (app_id, digest);
CREATE INDEX device_created ON device (app_id, created_at_ms);

CREATE TABLE attempt (
  app_id TEXT NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL, digest TEXT NOT NULL, device_id TEXT,
  user_id TEXT, proofs TEXT NOT NULL, state TEXT NOT NULL,
  created_at_ms BIGINT NOT NULL, expires_at_ms BIGINT NOT NULL, ended_at_ms BIGINT,
  PRIMARY KEY (app_id, id)
);
CREATE UNIQUE INDEX attempt_digest ON attempt (app_id, digest);
CREATE INDEX attempt_expires ON attempt (app_id, expires_at_ms);

CREATE TABLE challenge (
  app_id TEXT NOT NULL, id TEXT NOT NULL, purpose TEXT NOT NULL, subject TEXT NOT NULL, recipient TEXT NOT NULL,
  digest TEXT, code_mac TEXT, key_id TEXT NOT NULL, tries_left BIGINT NOT NULL, detail TEXT NOT NULL,
  created_at_ms BIGINT NOT NULL, expires_at_ms BIGINT NOT NULL, code_expires_at_ms BIGINT NOT NULL,
  consumed_at_ms BIGINT, superseded_at_ms BIGINT, result TEXT,
  PRIMARY KEY (app_id, id)
);
CREATE UNIQUE INDEX challenge_digest ON challenge (app_id, digest);
CREATE INDEX challenge_subject ON challenge (app_id, purpose, subject);
CREATE INDEX challenge_recipient ON challenge (app_id, purpose, recipient, created_at_ms);
CREATE INDEX challenge_expires ON challenge (app_id, expires_at_ms);

CREATE TABLE session (
  app_id TEXT NOT NULL, id TEXT NOT NULL, user_id TEXT NOT NULL, device_id TEXT, digest TEXT NOT NULL,
  proofs TEXT NOT NULL, aal BIGINT NOT NULL, auth_at_ms BIGINT NOT NULL,
  actor_kind TEXT, actor_id TEXT, parent_id TEXT, oauth_client_id TEXT, organization_id TEXT,
  policy_version BIGINT NOT NULL, door TEXT NOT NULL, address TEXT NOT NULL, agent TEXT NOT NULL,
  created_at_ms BIGINT NOT NULL, last_active_at_ms BIGINT NOT NULL,
  absolute_expires_at_ms BIGINT NOT NULL, idle_expires_at_ms BIGINT NOT NULL,
  ended_at_ms BIGINT, ended_reason TEXT,
  PRIMARY KEY (app_id, id)
);
CREATE UNIQUE INDEX session_digest ON session (app_id, digest);
CREATE INDEX session_device ON session (app_id, user_id, device_id);
CREATE INDEX session_live ON session (app_id, user_id, created_at_ms) WHERE ended_at_ms IS NULL;
CREATE INDEX session_expires ON session (app_id, absolute_expires_at_ms);
CREATE INDEX session_ended ON session (app_id, ended_at_ms) WHERE ended_at_ms IS NOT NULL;

-- Guard --------------------------------------------------------------------------------------------------------------

CREATE TABLE limit_key (
  app_id TEXT NOT NULL, rule TEXT NOT NULL, subject TEXT NOT NULL, last_at_ms BIGINT NOT NULL,
  PRIMARY KEY (app_id, rule, subject)
);
CREATE INDEX limit_key_last ON limit_key (app_id, last_at_ms);

CREATE TABLE limit_hit (
  app_id TEXT NOT NULL, rule TEXT NOT NULL, subject TEXT NOT NULL, at_ms BIGINT NOT NULL, id TEXT NOT NULL,
  PRIMARY KEY (app_id, rule, subject, at_ms, id)
);
CREATE INDEX limit_hit_at ON limit_hit (app_id, at_ms);

CREATE TABLE limit_refusal (
  app_id TEXT NOT NULL, rule TEXT NOT NULL, subject TEXT NOT NULL, minute_ms BIGINT NOT NULL, refused BIGINT NOT NULL,
  PRIMARY KEY (app_id, rule, subject, minute_ms)
);
CREATE INDEX limit_refusal_minute ON limit_refusal (app_id, minute_ms);

CREATE TABLE failure_run (
  app_id TEXT NOT NULL, method TEXT NOT NULL, subject TEXT NOT NULL,
  run BIGINT NOT NULL, burst BIGINT NOT NULL, last_at_ms BIGINT NOT NULL, open_at_ms BIGINT NOT NULL,
  PRIMARY KEY (app_id, method, subject)
);
CREATE INDEX failure_run_last ON failure_run (app_id, last_at_ms);

CREATE TABLE event (
  app_id TEXT NOT NULL, id TEXT NOT NULL, type TEXT NOT NULL, at_ms BIGINT NOT NULL,
  actor_kind TEXT NOT NULL, actor_id TEXT, on_behalf_of TEXT, subject TEXT, attempt_id TEXT, session_id TEXT,
  device_id TEXT, organization_id TEXT, payload TEXT NOT NULL, personal TEXT, position BIGINT,
  PRIMARY KEY (app_id, id)
);
CREATE UNIQUE INDEX event_position ON event (app_id, position);
CREATE INDEX event_subject ON event (app_id, subject, at_ms);
CREATE INDEX event_at ON event (app_id, at_ms);

CREATE TABLE event_feed (
  app_id TEXT NOT NULL PRIMARY KEY, epoch TEXT NOT NULL, position BIGINT NOT NULL
);

-- Messages -----------------------------------------------------------------------------------------------------------

CREATE TABLE outbox (
  app_id TEXT NOT NULL, id TEXT NOT NULL, channel TEXT NOT NULL, kind TEXT NOT NULL, sealed TEXT,
  state TEXT NOT NULL, attempts BIGINT NOT NULL, next_at_ms BIGINT NOT NULL, expires_at_ms BIGINT NOT NULL,
  created_at_ms BIGINT NOT NULL, ended_at_ms BIGINT, error TEXT,
  PRIMARY KEY (app_id, id)
);
CREATE INDEX outbox_due ON outbox (state, next_at_ms);
CREATE INDEX outbox_ended ON outbox (app_id, ended_at_ms) WHERE ended_at_ms IS NOT NULL;

-- Files --------------------------------------------------------------------------------------------------------------

CREATE TABLE bucket (
  app_id TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, is_public BIGINT NOT NULL, tags TEXT NOT NULL,
  user_id TEXT, created_at_ms BIGINT NOT NULL, updated_at_ms BIGINT NOT NULL,
  PRIMARY KEY (app_id, id)
);
CREATE UNIQUE INDEX bucket_name ON bucket (app_id, name);

CREATE TABLE file (
  app_id TEXT NOT NULL, id TEXT NOT NULL, bucket_id TEXT NOT NULL, name TEXT NOT NULL,
  public_key TEXT NOT NULL, storage_key TEXT NOT NULL, size_bytes BIGINT NOT NULL, mime_type TEXT NOT NULL,
  is_public BIGINT NOT NULL, tags TEXT NOT NULL, user_id TEXT,
  uploaded_at_ms BIGINT NOT NULL, updated_at_ms BIGINT NOT NULL,
  PRIMARY KEY (app_id, id)
);
CREATE UNIQUE INDEX file_name ON file (app_id, bucket_id, name);
CREATE UNIQUE INDEX file_public_key ON file (app_id, public_key);

CREATE TABLE file_usage (
  app_id TEXT NOT NULL, owner TEXT NOT NULL, used_bytes BIGINT NOT NULL, files BIGINT NOT NULL,
  PRIMARY KEY (app_id, owner)
);

CREATE TABLE doomed_blob (
  app_id TEXT NOT NULL, storage_key TEXT NOT NULL, due_at_ms BIGINT NOT NULL,
  PRIMARY KEY (app_id, storage_key)
);

CREATE INDEX doomed_blob_due ON doomed_blob (due_at_ms);

-- The installation itself --------------------------------------------------------------------------------------------

CREATE TABLE instance (
  app_id TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY (app_id, name)
);
