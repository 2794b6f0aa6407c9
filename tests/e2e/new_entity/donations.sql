CREATE TABLE donations (
  id uuid PRIMARY KEY DEFAULT new_id(),
  organization_id uuid NOT NULL REFERENCES organizations (id) ON DELETE RESTRICT,
  receipt text,
  donor text NOT NULL CHECK (donor <> ''),
  amount numeric,
  currency text NOT NULL DEFAULT 'IDR',
  donated_on date,
  donation_data jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(donation_data) = 'object'),
  donor_key text NOT NULL,
  receipt_key text,
  field_origins jsonb NOT NULL DEFAULT '{}',
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX donations_donor_key ON donations (organization_id, donor_key);
CREATE INDEX donations_receipt_key ON donations (organization_id, receipt_key) WHERE receipt_key IS NOT NULL;
SELECT make_entity('donations');
