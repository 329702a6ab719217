-- Signed tokens: keys of an app, refresh families, proofs of possession; and what imported users bring with them.

CREATE TABLE signing_key (
  app_id TEXT NOT NULL, id TEXT NOT NULL, algorithm TEXT NOT NULL, state TEXT NOT NULL,
  public TEXT NOT NULL, sealed TEXT NOT NULL,
  created_at_ms BIGINT NOT NULL, retired_at_ms BIGINT,
  PRIMARY KEY (app_id, id)
);
CREATE UNIQUE INDEX signing_key_state ON signing_key (app_id, algorithm, state) WHERE state <> 'retired';
CREATE INDEX signing_key_retired ON signing_key (app_id, retired_at_ms) WHERE retired_at_ms IS NOT NULL;

CREATE TABLE refresh_token (
  app_id TEXT NOT NULL, session_id TEXT NOT NULL, generation BIGINT NOT NULL, client TEXT NOT NULL,
  issued_at_ms BIGINT NOT NULL, expires_at_ms BIGINT NOT NULL, superseded_at_ms BIGINT,
  PRIMARY KEY (app_id, session_id, generation)
);
CREATE UNIQUE INDEX refresh_token_newest ON refresh_token (app_id, session_id) WHERE superseded_at_ms IS NULL;
CREATE INDEX refresh_token_superseded ON refresh_token (app_id, superseded_at_ms) WHERE superseded_at_ms IS NOT NULL;
CREATE INDEX refresh_token_expires ON refresh_token (app_id, expires_at_ms);

CREATE TABLE dpop_proof (
  app_id TEXT NOT NULL, thumbprint TEXT NOT NULL, jti_digest TEXT NOT NULL, expires_at_ms BIGINT NOT NULL,
  PRIMARY KEY (app_id, thumbprint, jti_digest)
);
CREATE INDEX dpop_proof_expires ON dpop_proof (app_id, expires_at_ms);

CREATE TABLE notice (
  app_id TEXT NOT NULL, id TEXT NOT NULL, user_id TEXT NOT NULL, kind TEXT NOT NULL,
  at_ms BIGINT NOT NULL, told_at_ms BIGINT,
  PRIMARY KEY (app_id, id)
);
CREATE INDEX notice_untold ON notice (app_id, user_id) WHERE told_at_ms IS NULL;
CREATE INDEX notice_at ON notice (app_id, at_ms);
CREATE INDEX notice_told ON notice (app_id, told_at_ms) WHERE told_at_ms IS NOT NULL;

CREATE INDEX user_alias_user ON user_alias (app_id, user_id, namespace);
CREATE INDEX event_type ON event (app_id, type, position);
