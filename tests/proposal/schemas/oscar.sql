-- django-oscar 4.2.1, an online shop on Django 5.2, BSD-3-Clause.
-- Tables, keys and references alone, as `landfall init` reads them; see LICENCES.md.

CREATE TABLE address_country (
  iso_3166_1_a2 character varying(2) NOT NULL,
  iso_3166_1_a3 character varying(3) NOT NULL,
  iso_3166_1_numeric character varying(3) NOT NULL,
  printable_name character varying(128) NOT NULL,
  name character varying(128) NOT NULL,
  display_order smallint NOT NULL,
  is_shipping_country boolean NOT NULL,
  PRIMARY KEY (iso_3166_1_a2)
);

CREATE TABLE address_useraddress (
  id integer NOT NULL,
  title character varying(64) NOT NULL,
  first_name character varying(255) NOT NULL,
  last_name character varying(255) NOT NULL,
  line1 character varying(255) NOT NULL,
  line2 character varying(255) NOT NULL,
  line3 character varying(255) NOT NULL,
  line4 character varying(255) NOT NULL,
  state character varying(255) NOT NULL,
  postcode character varying(64) NOT NULL,
  search_text text NOT NULL,
  phone_number character varying(128) NOT NULL,
  notes text NOT NULL,
  is_default_for_shipping boolean NOT NULL,
  is_default_for_billing boolean NOT NULL,
  num_orders_as_shipping_address integer NOT NULL,
  hash character varying(255) NOT NULL,
  date_created timestamp with time zone NOT NULL,
  country_id character varying(2) NOT NULL,
  user_id integer NOT NULL,
  num_orders_as_billing_address integer NOT NULL,
  code character varying(255),
  PRIMARY KEY (id)
);

CREATE TABLE analytics_productrecord (
  id integer NOT NULL,
  num_views integer NOT NULL,
  num_basket_additions integer NOT NULL,
  num_purchases integer NOT NULL,
  score double precision NOT NULL,
  product_id integer NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE analytics_userproductview (
  id integer NOT NULL,
  date_created timestamp with time zone NOT NULL,
  product_id integer NOT NULL,
  user_id integer NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE analytics_userrecord (
  id integer NOT NULL,
  num_product_views integer NOT NULL,
  num_basket_additions integer NOT NULL,
  num_orders integer NOT NULL,
  num_order_lines integer NOT NULL,
  num_order_items integer NOT NULL,
  total_spent numeric(12,2) NOT NULL,
  date_last_order timestamp with time zone,
  user_id integer NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE analytics_usersearch (
  id integer NOT NULL,
  query character varying(255) NOT NULL,
  date_created timestamp with time zone NOT NULL,
  user_id integer NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE auth_group (
  id integer NOT NULL,
  name character varying(150) NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE auth_group_permissions (
  id integer NOT NULL,
  group_id integer NOT NULL,
  permission_id integer NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE auth_permission (
  id integer NOT NULL,
  name character varying(255) NOT NULL,
  content_type_id integer NOT NULL,
  codename character varying(100) NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE auth_user (
  id integer NOT NULL,
  password character varying(128) NOT NULL,
  last_login timestamp with time zone,
  is_superuser boolean NOT NULL,
  username character varying(150) NOT NULL,
  first_name character varying(150) NOT NULL,
  last_name character varying(150) NOT NULL,
  email character varying(254) NOT NULL,
  is_staff boolean NOT NULL,
  is_active boolean NOT NULL,
  date_joined timestamp with time zone NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE auth_user_groups (
  id integer NOT NULL,
  user_id integer NOT NULL,
  group_id integer NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE auth_user_user_permissions (
  id integer NOT NULL,
  user_id integer NOT NULL,
  permission_id integer NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE basket_basket (
  id integer NOT NULL,
  status character varying(128) NOT NULL,
  date_created timestamp with time zone NOT NULL,
  date_merged timestamp with time zone,
  date_submitted timestamp with time zone,
  owner_id integer,
  PRIMARY KEY (id)
);

CREATE TABLE basket_basket_vouchers (
  id integer NOT NULL,
  basket_id integer NOT NULL,
  voucher_id integer NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE basket_line (
  id integer NOT NULL,
  line_reference character varying(128) NOT NULL,
  quantity integer NOT NULL,
  price_currency character varying(12) NOT NULL,
  price_excl_tax numeric(12,2),
  price_incl_tax numeric(12,2),
  date_created timestamp with time zone NOT NULL,
  basket_id integer NOT NULL,
  product_id integer NOT NULL,
  stockrecord_id integer NOT NULL,
  date_updated timestamp with time zone NOT NULL,
  tax_code character varying(64),
  PRIMARY KEY (id)
);

CREATE TABLE basket_lineattribute (
  id integer NOT NULL,
  value jsonb NOT NULL,
  line_id integer NOT NULL,
  option_id integer NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE catalogue_attributeoption (
  id integer NOT NULL,
  option character varying(255) NOT NULL,
  group_id integer NOT NULL,
  code character varying(255),
  PRIMARY KEY (id)
);

CREATE TABLE catalogue_attributeoptiongroup (
  id integer NOT NULL,
  name character varying(128) NOT NULL,
  code character varying(255),
  PRIMARY KEY (id)
);

CREATE TABLE catalogue_category (
  id integer NOT NULL,
  path character varying(255) NOT NULL,
  depth integer NOT NULL,
  numchild integer NOT NULL,
  name character varying(255) NOT NULL,
  description text NOT NULL,
  image character varying(255),
  slug character varying(255) NOT NULL,
  ancestors_are_public boolean NOT NULL,
  is_public boolean NOT NULL,
  meta_description text,
  meta_title character varying(255),
  code character varying(255),
  exclude_from_menu boolean NOT NULL,
  long_description text NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE catalogue_option (
  id integer NOT NULL,
  name character varying(128) NOT NULL,
  code character varying(128) NOT NULL,
  type character varying(255) NOT NULL,
  required boolean NOT NULL,
  help_text character varying(255),
  option_group_id integer,
  "order" integer,
  PRIMARY KEY (id)
);

CREATE TABLE catalogue_product (
  id integer NOT NULL,
  structure character varying(10) NOT NULL,
  upc character varying(64),
  title character varying(255) NOT NULL,
  slug character varying(255) NOT NULL,
  description text NOT NULL,
  rating double precision,
  date_created timestamp with time zone NOT NULL,
  date_updated timestamp with time zone NOT NULL,
  is_discountable boolean NOT NULL,
  parent_id integer,
  product_class_id integer,
  is_public boolean NOT NULL,
  meta_description text,
  meta_title character varying(255),
  priority smallint NOT NULL,
  code character varying(255),
  PRIMARY KEY (id)
);

CREATE TABLE catalogue_product_product_options (
  id integer NOT NULL,
  product_id integer NOT NULL,
  option_id integer NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE catalogue_productattribute (
  id integer NOT NULL,
  name character varying(128) NOT NULL,
  code character varying(128) NOT NULL,
  type character varying(20) NOT NULL,
  required boolean NOT NULL,
  option_group_id integer,
  product_class_id integer,
  PRIMARY KEY (id)
);

CREATE TABLE catalogue_productattributevalue (
  id integer NOT NULL,
  value_text text,
  value_integer integer,
  value_boolean boolean,
  value_float double precision,
  value_richtext text,
  value_date date,
  value_file character varying(255),
  value_image character varying(255),
  entity_object_id integer,
  attribute_id integer NOT NULL,
  entity_content_type_id integer,
  product_id integer NOT NULL,
  value_option_id integer,
  value_datetime timestamp with time zone,
  PRIMARY KEY (id)
);

CREATE TABLE catalogue_productattributevalue_value_multi_option (
  id integer NOT NULL,
  productattributevalue_id integer NOT NULL,
  attributeoption_id integer NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE catalogue_productcategory (
  id integer NOT NULL,
  category_id integer NOT NULL,
  product_id integer NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE catalogue_productclass (
  id integer NOT NULL,
  name character varying(128) NOT NULL,
  slug character varying(128) NOT NULL,
  requires_shipping boolean NOT NULL,
  track_stock boolean NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE catalogue_productclass_options (
  id integer NOT NULL,
  productclass_id integer NOT NULL,
  option_id integer NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE catalogue_productimage (
  id integer NOT NULL,
  original character varying(255) NOT NULL,
  caption character varying(200) NOT NULL,
  display_order integer NOT NULL,
  date_created timestamp with time zone NOT NULL,
  product_id integer NOT NULL,
  code character varying(255),
  PRIMARY KEY (id)
);

CREATE TABLE catalogue_productrecommendation (
  id integer NOT NULL,
  ranking smallint NOT NULL,
  primary_id integer NOT NULL,
  recommendation_id integer NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE communication_communicationeventtype (
  id integer NOT NULL,
  code character varying(128) NOT NULL,
  name character varying(255) NOT NULL,
  category character varying(255) NOT NULL,
  email_subject_template character varying(255),
  email_body_template text,
  email_body_html_template text,
  sms_template character varying(170),
  date_created timestamp with time zone NOT NULL,
  date_updated timestamp with time zone NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE communication_email (
  id integer NOT NULL,
  subject text NOT NULL,
  body_text text NOT NULL,
  body_html text NOT NULL,
  date_sent timestamp with time zone NOT NULL,
  user_id integer,
  email character varying(254),
  PRIMARY KEY (id)
);

CREATE TABLE communication_notification (
  id integer NOT NULL,
  subject character varying(255) NOT NULL,
  body text NOT NULL,
  location character varying(32) NOT NULL,
  date_sent timestamp with time zone NOT NULL,
  date_read timestamp with time zone,
  recipient_id integer NOT NULL,
  sender_id integer,
  PRIMARY KEY (id)
);

CREATE TABLE customer_productalert (
  id integer NOT NULL,
  email character varying(254) NOT NULL,
  key character varying(128) NOT NULL,
  status character varying(20) NOT NULL,
  date_created timestamp with time zone NOT NULL,
  date_confirmed timestamp with time zone,
  date_cancelled timestamp with time zone,
  date_closed timestamp with time zone,
  product_id integer NOT NULL,
  user_id integer,
  PRIMARY KEY (id)
);

CREATE TABLE django_admin_log (
  id integer NOT NULL,
  action_time timestamp with time zone NOT NULL,
  object_id text,
  object_repr character varying(200) NOT NULL,
  action_flag smallint NOT NULL,
  change_message text NOT NULL,
  content_type_id integer,
  user_id integer NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE django_content_type (
  id integer NOT NULL,
  app_label character varying(100) NOT NULL,
  model character varying(100) NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE django_flatpage (
  id integer NOT NULL,
  url character varying(100) NOT NULL,
  title character varying(200) NOT NULL,
  content text NOT NULL,
  enable_comments boolean NOT NULL,
  template_name character varying(70) NOT NULL,
  registration_required boolean NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE django_flatpage_sites (
  id integer NOT NULL,
  flatpage_id integer NOT NULL,
  site_id integer NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE django_migrations (
  id integer NOT NULL,
  app character varying(255) NOT NULL,
  name character varying(255) NOT NULL,
  applied timestamp with time zone NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE django_session (
  session_key character varying(40) NOT NULL,
  session_data text NOT NULL,
  expire_date timestamp with time zone NOT NULL,
  PRIMARY KEY (session_key)
);

CREATE TABLE django_site (
  id integer NOT NULL,
  domain character varying(100) NOT NULL,
  name character varying(50) NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE offer_benefit (
  id integer NOT NULL,
  type character varying(128) NOT NULL,
  value numeric(12,2),
  max_affected_items integer,
  proxy_class character varying(255),
  range_id integer,
  PRIMARY KEY (id)
);

CREATE TABLE offer_condition (
  id integer NOT NULL,
  type character varying(128) NOT NULL,
  value numeric(12,2),
  proxy_class character varying(255),
  range_id integer,
  PRIMARY KEY (id)
);

CREATE TABLE offer_conditionaloffer (
  id integer NOT NULL,
  name character varying(128) NOT NULL,
  slug character varying(128) NOT NULL,
  description text NOT NULL,
  offer_type character varying(128) NOT NULL,
  status character varying(64) NOT NULL,
  priority integer NOT NULL,
  start_datetime timestamp with time zone,
  end_datetime timestamp with time zone,
  max_global_applications integer,
  max_user_applications integer,
  max_basket_applications integer,
  max_discount numeric(12,2),
  total_discount numeric(12,2) NOT NULL,
  num_applications integer NOT NULL,
  num_orders integer NOT NULL,
  redirect_url character varying(200) NOT NULL,
  date_created timestamp with time zone NOT NULL,
  benefit_id integer NOT NULL,
  condition_id integer NOT NULL,
  exclusive boolean NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE offer_conditionaloffer_combinations (
  id integer NOT NULL,
  from_conditionaloffer_id integer NOT NULL,
  to_conditionaloffer_id integer NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE offer_range (
  id integer NOT NULL,
  name character varying(128) NOT NULL,
  slug character varying(128) NOT NULL,
  description text NOT NULL,
  is_public boolean NOT NULL,
  includes_all_products boolean NOT NULL,
  proxy_class character varying(255),
  date_created timestamp with time zone NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE offer_range_classes (
  id integer NOT NULL,
  range_id integer NOT NULL,
  productclass_id integer NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE offer_range_excluded_categories (
  id integer NOT NULL,
  range_id integer NOT NULL,
  category_id integer NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE offer_range_excluded_products (
  id integer NOT NULL,
  range_id integer NOT NULL,
  product_id integer NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE offer_range_included_categories (
  id integer NOT NULL,
  range_id integer NOT NULL,
  category_id integer NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE offer_rangeproduct (
  id integer NOT NULL,
  display_order integer NOT NULL,
  product_id integer NOT NULL,
  range_id integer NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE offer_rangeproductfileupload (
  id integer NOT NULL,
  filepath character varying(255) NOT NULL,
  size integer NOT NULL,
  date_uploaded timestamp with time zone NOT NULL,
  status character varying(32) NOT NULL,
  error_message character varying(255) NOT NULL,
  date_processed timestamp with time zone,
  num_new_skus integer,
  num_unknown_skus integer,
  num_duplicate_skus integer,
  range_id integer NOT NULL,
  uploaded_by_id integer NOT NULL,
  upload_type character varying(8) NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE order_billingaddress (
  id integer NOT NULL,
  title character varying(64) NOT NULL,
  first_name character varying(255) NOT NULL,
  last_name character varying(255) NOT NULL,
  line1 character varying(255) NOT NULL,
  line2 character varying(255) NOT NULL,
  line3 character varying(255) NOT NULL,
  line4 character varying(255) NOT NULL,
  state character varying(255) NOT NULL,
  postcode character varying(64) NOT NULL,
  search_text text NOT NULL,
  country_id character varying(2) NOT NULL,
  code character varying(255),
  PRIMARY KEY (id)
);

CREATE TABLE order_communicationevent (
  id integer NOT NULL,
  date_created timestamp with time zone NOT NULL,
  event_type_id integer NOT NULL,
  order_id integer NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE order_line (
  id integer NOT NULL,
  partner_name character varying(128) NOT NULL,
  partner_sku character varying(128) NOT NULL,
  partner_line_reference character varying(128) NOT NULL,
  partner_line_notes text NOT NULL,
  title character varying(255) NOT NULL,
  upc character varying(128),
  quantity integer NOT NULL,
  line_price_incl_tax numeric(12,2) NOT NULL,
  line_price_excl_tax numeric(12,2) NOT NULL,
  line_price_before_discounts_incl_tax numeric(12,2) NOT NULL,
  line_price_before_discounts_excl_tax numeric(12,2) NOT NULL,
  unit_price_incl_tax numeric(12,2),
  unit_price_excl_tax numeric(12,2),
  status character varying(255) NOT NULL,
  order_id integer NOT NULL,
  partner_id integer,
  product_id integer,
  stockrecord_id integer,
  tax_code character varying(64),
  allocation_cancelled boolean NOT NULL,
  num_allocated integer NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE order_lineattribute (
  id integer NOT NULL,
  type character varying(128) NOT NULL,
  value jsonb NOT NULL,
  line_id integer NOT NULL,
  option_id integer,
  PRIMARY KEY (id)
);

CREATE TABLE order_lineprice (
  id integer NOT NULL,
  quantity integer NOT NULL,
  price_incl_tax numeric(12,2) NOT NULL,
  price_excl_tax numeric(12,2) NOT NULL,
  shipping_incl_tax numeric(12,2) NOT NULL,
  shipping_excl_tax numeric(12,2) NOT NULL,
  line_id integer NOT NULL,
  order_id integer NOT NULL,
  tax_code character varying(64),
  PRIMARY KEY (id)
);

CREATE TABLE order_order (
  id integer NOT NULL,
  number character varying(128) NOT NULL,
  currency character varying(12) NOT NULL,
  total_incl_tax numeric(12,2) NOT NULL,
  total_excl_tax numeric(12,2) NOT NULL,
  shipping_incl_tax numeric(12,2) NOT NULL,
  shipping_excl_tax numeric(12,2) NOT NULL,
  shipping_method character varying(128) NOT NULL,
  shipping_code character varying(128) NOT NULL,
  status character varying(100) NOT NULL,
  guest_email character varying(254) NOT NULL,
  date_placed timestamp with time zone NOT NULL,
  basket_id integer,
  billing_address_id integer,
  shipping_address_id integer,
  site_id integer,
  user_id integer,
  shipping_tax_code character varying(64),
  analytics_tracked boolean NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE order_orderdiscount (
  id integer NOT NULL,
  category character varying(64) NOT NULL,
  offer_id integer,
  offer_name character varying(128) NOT NULL,
  voucher_id integer,
  voucher_code character varying(128) NOT NULL,
  frequency integer,
  amount numeric(12,2) NOT NULL,
  message text NOT NULL,
  order_id integer NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE order_orderlinediscount (
  id integer NOT NULL,
  is_incl_tax boolean NOT NULL,
  amount numeric(12,2) NOT NULL,
  line_id integer NOT NULL,
  order_discount_id integer NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE order_ordernote (
  id integer NOT NULL,
  note_type character varying(128) NOT NULL,
  message text NOT NULL,
  date_created timestamp with time zone NOT NULL,
  date_updated timestamp with time zone NOT NULL,
  order_id integer NOT NULL,
  user_id integer,
  PRIMARY KEY (id)
);

CREATE TABLE order_orderstatuschange (
  id integer NOT NULL,
  old_status character varying(100) NOT NULL,
  new_status character varying(100) NOT NULL,
  date_created timestamp with time zone NOT NULL,
  order_id integer NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE order_paymentevent (
  id integer NOT NULL,
  amount numeric(12,2) NOT NULL,
  reference character varying(128) NOT NULL,
  date_created timestamp with time zone NOT NULL,
  event_type_id integer NOT NULL,
  order_id integer NOT NULL,
  shipping_event_id integer,
  PRIMARY KEY (id)
);

CREATE TABLE order_paymenteventquantity (
  id integer NOT NULL,
  quantity integer NOT NULL,
  event_id integer NOT NULL,
  line_id integer NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE order_paymenteventtype (
  id integer NOT NULL,
  name character varying(128) NOT NULL,
  code character varying(128) NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE order_shippingaddress (
  id integer NOT NULL,
  title character varying(64) NOT NULL,
  first_name character varying(255) NOT NULL,
  last_name character varying(255) NOT NULL,
  line1 character varying(255) NOT NULL,
  line2 character varying(255) NOT NULL,
  line3 character varying(255) NOT NULL,
  line4 character varying(255) NOT NULL,
  state character varying(255) NOT NULL,
  postcode character varying(64) NOT NULL,
  search_text text NOT NULL,
  phone_number character varying(128) NOT NULL,
  notes text NOT NULL,
  country_id character varying(2) NOT NULL,
  code character varying(255),
  PRIMARY KEY (id)
);

CREATE TABLE order_shippingevent (
  id integer NOT NULL,
  notes text NOT NULL,
  date_created timestamp with time zone NOT NULL,
  event_type_id integer NOT NULL,
  order_id integer NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE order_shippingeventquantity (
  id integer NOT NULL,
  quantity integer NOT NULL,
  event_id integer NOT NULL,
  line_id integer NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE order_shippingeventtype (
  id integer NOT NULL,
  name character varying(255) NOT NULL,
  code character varying(128) NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE order_surcharge (
  id integer NOT NULL,
  name character varying(128) NOT NULL,
  code character varying(128) NOT NULL,
  incl_tax numeric(12,2) NOT NULL,
  excl_tax numeric(12,2) NOT NULL,
  order_id integer NOT NULL,
  tax_code character varying(64),
  PRIMARY KEY (id)
);

CREATE TABLE partner_partner (
  id integer NOT NULL,
  code character varying(128) NOT NULL,
  name character varying(128) NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE partner_partner_users (
  id integer NOT NULL,
  partner_id integer NOT NULL,
  user_id integer NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE partner_partneraddress (
  id integer NOT NULL,
  title character varying(64) NOT NULL,
  first_name character varying(255) NOT NULL,
  last_name character varying(255) NOT NULL,
  line1 character varying(255) NOT NULL,
  line2 character varying(255) NOT NULL,
  line3 character varying(255) NOT NULL,
  line4 character varying(255) NOT NULL,
  state character varying(255) NOT NULL,
  postcode character varying(64) NOT NULL,
  search_text text NOT NULL,
  country_id character varying(2) NOT NULL,
  partner_id integer NOT NULL,
  code character varying(255),
  PRIMARY KEY (id)
);

CREATE TABLE partner_stockalert (
  id integer NOT NULL,
  threshold integer NOT NULL,
  status character varying(128) NOT NULL,
  date_created timestamp with time zone NOT NULL,
  date_closed timestamp with time zone,
  stockrecord_id integer NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE partner_stockrecord (
  id integer NOT NULL,
  partner_sku character varying(128) NOT NULL,
  price_currency character varying(12) NOT NULL,
  price numeric(12,2),
  num_in_stock integer,
  num_allocated integer,
  low_stock_threshold integer,
  date_created timestamp with time zone NOT NULL,
  date_updated timestamp with time zone NOT NULL,
  partner_id integer NOT NULL,
  product_id integer NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE payment_bankcard (
  id integer NOT NULL,
  card_type character varying(128) NOT NULL,
  name character varying(255) NOT NULL,
  number character varying(32) NOT NULL,
  expiry_date date NOT NULL,
  partner_reference character varying(255) NOT NULL,
  user_id integer NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE payment_source (
  id integer NOT NULL,
  currency character varying(12) NOT NULL,
  amount_allocated numeric(12,2) NOT NULL,
  amount_debited numeric(12,2) NOT NULL,
  amount_refunded numeric(12,2) NOT NULL,
  reference character varying(255) NOT NULL,
  label character varying(128) NOT NULL,
  order_id integer NOT NULL,
  source_type_id integer NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE payment_sourcetype (
  id integer NOT NULL,
  name character varying(128) NOT NULL,
  code character varying(128) NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE payment_transaction (
  id integer NOT NULL,
  txn_type character varying(128) NOT NULL,
  amount numeric(12,2) NOT NULL,
  reference character varying(128) NOT NULL,
  status character varying(128) NOT NULL,
  date_created timestamp with time zone NOT NULL,
  source_id integer NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE reviews_productreview (
  id integer NOT NULL,
  score smallint NOT NULL,
  title character varying(255) NOT NULL,
  body text NOT NULL,
  name character varying(255) NOT NULL,
  email character varying(254) NOT NULL,
  homepage character varying(200) NOT NULL,
  status smallint NOT NULL,
  total_votes integer NOT NULL,
  delta_votes integer NOT NULL,
  date_created timestamp with time zone NOT NULL,
  product_id integer,
  user_id integer,
  code character varying(255),
  PRIMARY KEY (id)
);

CREATE TABLE reviews_vote (
  id integer NOT NULL,
  delta smallint NOT NULL,
  date_created timestamp with time zone NOT NULL,
  review_id integer NOT NULL,
  user_id integer NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE shipping_orderanditemcharges (
  id integer NOT NULL,
  code character varying(128) NOT NULL,
  name character varying(128) NOT NULL,
  description text NOT NULL,
  price_per_order numeric(12,2) NOT NULL,
  price_per_item numeric(12,2) NOT NULL,
  free_shipping_threshold numeric(12,2),
  PRIMARY KEY (id)
);

CREATE TABLE shipping_orderanditemcharges_countries (
  id integer NOT NULL,
  orderanditemcharges_id integer NOT NULL,
  country_id character varying(2) NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE shipping_weightband (
  id integer NOT NULL,
  upper_limit numeric(12,3) NOT NULL,
  charge numeric(12,2) NOT NULL,
  method_id integer NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE shipping_weightbased (
  id integer NOT NULL,
  code character varying(128) NOT NULL,
  name character varying(128) NOT NULL,
  description text NOT NULL,
  default_weight numeric(12,3) NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE shipping_weightbased_countries (
  id integer NOT NULL,
  weightbased_id integer NOT NULL,
  country_id character varying(2) NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE voucher_voucher (
  id integer NOT NULL,
  name character varying(128) NOT NULL,
  code character varying(128) NOT NULL,
  usage character varying(128) NOT NULL,
  start_datetime timestamp with time zone NOT NULL,
  end_datetime timestamp with time zone NOT NULL,
  num_basket_additions integer NOT NULL,
  num_orders integer NOT NULL,
  total_discount numeric(12,2) NOT NULL,
  date_created timestamp with time zone NOT NULL,
  voucher_set_id integer,
  PRIMARY KEY (id)
);

CREATE TABLE voucher_voucher_offers (
  id integer NOT NULL,
  voucher_id integer NOT NULL,
  conditionaloffer_id integer NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE voucher_voucherapplication (
  id integer NOT NULL,
  date_created timestamp with time zone NOT NULL,
  order_id integer NOT NULL,
  user_id integer,
  voucher_id integer NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE voucher_voucherset (
  id integer NOT NULL,
  name character varying(100) NOT NULL,
  count integer NOT NULL,
  code_length integer NOT NULL,
  description text NOT NULL,
  date_created timestamp with time zone NOT NULL,
  start_datetime timestamp with time zone NOT NULL,
  end_datetime timestamp with time zone NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE wishlists_line (
  id integer NOT NULL,
  quantity integer NOT NULL,
  title character varying(255) NOT NULL,
  product_id integer,
  wishlist_id integer NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE wishlists_wishlist (
  id integer NOT NULL,
  name character varying(255) NOT NULL,
  key character varying(6) NOT NULL,
  visibility character varying(20) NOT NULL,
  date_created timestamp with time zone NOT NULL,
  owner_id integer NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE wishlists_wishlistsharedemail (
  id integer NOT NULL,
  email character varying(254) NOT NULL,
  wishlist_id integer NOT NULL,
  PRIMARY KEY (id)
);

ALTER TABLE address_useraddress ADD FOREIGN KEY (country_id) REFERENCES address_country(iso_3166_1_a2);
ALTER TABLE address_useraddress ADD FOREIGN KEY (user_id) REFERENCES auth_user(id);
ALTER TABLE analytics_productrecord ADD FOREIGN KEY (product_id) REFERENCES catalogue_product(id);
ALTER TABLE analytics_userproductview ADD FOREIGN KEY (product_id) REFERENCES catalogue_product(id);
ALTER TABLE analytics_userproductview ADD FOREIGN KEY (user_id) REFERENCES auth_user(id);
ALTER TABLE analytics_userrecord ADD FOREIGN KEY (user_id) REFERENCES auth_user(id);
ALTER TABLE analytics_usersearch ADD FOREIGN KEY (user_id) REFERENCES auth_user(id);
ALTER TABLE auth_group_permissions ADD FOREIGN KEY (permission_id) REFERENCES auth_permission(id);
ALTER TABLE auth_group_permissions ADD FOREIGN KEY (group_id) REFERENCES auth_group(id);
ALTER TABLE auth_permission ADD FOREIGN KEY (content_type_id) REFERENCES django_content_type(id);
ALTER TABLE auth_user_groups ADD FOREIGN KEY (group_id) REFERENCES auth_group(id);
ALTER TABLE auth_user_groups ADD FOREIGN KEY (user_id) REFERENCES auth_user(id);
ALTER TABLE auth_user_user_permissions ADD FOREIGN KEY (permission_id) REFERENCES auth_permission(id);
ALTER TABLE auth_user_user_permissions ADD FOREIGN KEY (user_id) REFERENCES auth_user(id);
ALTER TABLE basket_basket ADD FOREIGN KEY (owner_id) REFERENCES auth_user(id);
ALTER TABLE basket_basket_vouchers ADD FOREIGN KEY (voucher_id) REFERENCES voucher_voucher(id);
ALTER TABLE basket_basket_vouchers ADD FOREIGN KEY (basket_id) REFERENCES basket_basket(id);
ALTER TABLE basket_line ADD FOREIGN KEY (basket_id) REFERENCES basket_basket(id);
ALTER TABLE basket_line ADD FOREIGN KEY (product_id) REFERENCES catalogue_product(id);
ALTER TABLE basket_line ADD FOREIGN KEY (stockrecord_id) REFERENCES partner_stockrecord(id);
ALTER TABLE basket_lineattribute ADD FOREIGN KEY (line_id) REFERENCES basket_line(id);
ALTER TABLE basket_lineattribute ADD FOREIGN KEY (option_id) REFERENCES catalogue_option(id);
ALTER TABLE catalogue_attributeoption ADD FOREIGN KEY (group_id) REFERENCES catalogue_attributeoptiongroup(id);
ALTER TABLE catalogue_option ADD FOREIGN KEY (option_group_id) REFERENCES catalogue_attributeoptiongroup(id);
ALTER TABLE catalogue_product ADD FOREIGN KEY (parent_id) REFERENCES catalogue_product(id);
ALTER TABLE catalogue_product ADD FOREIGN KEY (product_class_id) REFERENCES catalogue_productclass(id);
ALTER TABLE catalogue_product_product_options ADD FOREIGN KEY (option_id) REFERENCES catalogue_option(id);
ALTER TABLE catalogue_product_product_options ADD FOREIGN KEY (product_id) REFERENCES catalogue_product(id);
ALTER TABLE catalogue_productattribute ADD FOREIGN KEY (option_group_id) REFERENCES catalogue_attributeoptiongroup(id);
ALTER TABLE catalogue_productattribute ADD FOREIGN KEY (product_class_id) REFERENCES catalogue_productclass(id);
ALTER TABLE catalogue_productattributevalue ADD FOREIGN KEY (attribute_id) REFERENCES catalogue_productattribute(id);
ALTER TABLE catalogue_productattributevalue ADD FOREIGN KEY (entity_content_type_id) REFERENCES django_content_type(id);
ALTER TABLE catalogue_productattributevalue ADD FOREIGN KEY (product_id) REFERENCES catalogue_product(id);
ALTER TABLE catalogue_productattributevalue ADD FOREIGN KEY (value_option_id) REFERENCES catalogue_attributeoption(id);
ALTER TABLE catalogue_productattributevalue_value_multi_option ADD FOREIGN KEY (attributeoption_id) REFERENCES catalogue_attributeoption(id);
ALTER TABLE catalogue_productattributevalue_value_multi_option ADD FOREIGN KEY (productattributevalue_id) REFERENCES catalogue_productattributevalue(id);
ALTER TABLE catalogue_productcategory ADD FOREIGN KEY (category_id) REFERENCES catalogue_category(id);
ALTER TABLE catalogue_productcategory ADD FOREIGN KEY (product_id) REFERENCES catalogue_product(id);
ALTER TABLE catalogue_productclass_options ADD FOREIGN KEY (option_id) REFERENCES catalogue_option(id);
ALTER TABLE catalogue_productclass_options ADD FOREIGN KEY (productclass_id) REFERENCES catalogue_productclass(id);
ALTER TABLE catalogue_productimage ADD FOREIGN KEY (product_id) REFERENCES catalogue_product(id);
ALTER TABLE catalogue_productrecommendation ADD FOREIGN KEY (primary_id) REFERENCES catalogue_product(id);
ALTER TABLE catalogue_productrecommendation ADD FOREIGN KEY (recommendation_id) REFERENCES catalogue_product(id);
ALTER TABLE communication_email ADD FOREIGN KEY (user_id) REFERENCES auth_user(id);
ALTER TABLE communication_notification ADD FOREIGN KEY (recipient_id) REFERENCES auth_user(id);
ALTER TABLE communication_notification ADD FOREIGN KEY (sender_id) REFERENCES auth_user(id);
ALTER TABLE customer_productalert ADD FOREIGN KEY (product_id) REFERENCES catalogue_product(id);
ALTER TABLE customer_productalert ADD FOREIGN KEY (user_id) REFERENCES auth_user(id);
ALTER TABLE django_admin_log ADD FOREIGN KEY (content_type_id) REFERENCES django_content_type(id);
ALTER TABLE django_admin_log ADD FOREIGN KEY (user_id) REFERENCES auth_user(id);
ALTER TABLE django_flatpage_sites ADD FOREIGN KEY (flatpage_id) REFERENCES django_flatpage(id);
ALTER TABLE django_flatpage_sites ADD FOREIGN KEY (site_id) REFERENCES django_site(id);
ALTER TABLE offer_benefit ADD FOREIGN KEY (range_id) REFERENCES offer_range(id);
ALTER TABLE offer_condition ADD FOREIGN KEY (range_id) REFERENCES offer_range(id);
ALTER TABLE offer_conditionaloffer ADD FOREIGN KEY (condition_id) REFERENCES offer_condition(id);
ALTER TABLE offer_conditionaloffer ADD FOREIGN KEY (benefit_id) REFERENCES offer_benefit(id);
ALTER TABLE offer_conditionaloffer_combinations ADD FOREIGN KEY (from_conditionaloffer_id) REFERENCES offer_conditionaloffer(id);
ALTER TABLE offer_conditionaloffer_combinations ADD FOREIGN KEY (to_conditionaloffer_id) REFERENCES offer_conditionaloffer(id);
ALTER TABLE offer_range_classes ADD FOREIGN KEY (productclass_id) REFERENCES catalogue_productclass(id);
ALTER TABLE offer_range_classes ADD FOREIGN KEY (range_id) REFERENCES offer_range(id);
ALTER TABLE offer_range_excluded_categories ADD FOREIGN KEY (category_id) REFERENCES catalogue_category(id);
ALTER TABLE offer_range_excluded_categories ADD FOREIGN KEY (range_id) REFERENCES offer_range(id);
ALTER TABLE offer_range_excluded_products ADD FOREIGN KEY (product_id) REFERENCES catalogue_product(id);
ALTER TABLE offer_range_excluded_products ADD FOREIGN KEY (range_id) REFERENCES offer_range(id);
ALTER TABLE offer_range_included_categories ADD FOREIGN KEY (category_id) REFERENCES catalogue_category(id);
ALTER TABLE offer_range_included_categories ADD FOREIGN KEY (range_id) REFERENCES offer_range(id);
ALTER TABLE offer_rangeproduct ADD FOREIGN KEY (product_id) REFERENCES catalogue_product(id);
ALTER TABLE offer_rangeproduct ADD FOREIGN KEY (range_id) REFERENCES offer_range(id);
ALTER TABLE offer_rangeproductfileupload ADD FOREIGN KEY (range_id) REFERENCES offer_range(id);
ALTER TABLE offer_rangeproductfileupload ADD FOREIGN KEY (uploaded_by_id) REFERENCES auth_user(id);
ALTER TABLE order_billingaddress ADD FOREIGN KEY (country_id) REFERENCES address_country(iso_3166_1_a2);
ALTER TABLE order_communicationevent ADD FOREIGN KEY (event_type_id) REFERENCES communication_communicationeventtype(id);
ALTER TABLE order_communicationevent ADD FOREIGN KEY (order_id) REFERENCES order_order(id);
ALTER TABLE order_line ADD FOREIGN KEY (order_id) REFERENCES order_order(id);
ALTER TABLE order_line ADD FOREIGN KEY (partner_id) REFERENCES partner_partner(id);
ALTER TABLE order_line ADD FOREIGN KEY (product_id) REFERENCES catalogue_product(id);
ALTER TABLE order_line ADD FOREIGN KEY (stockrecord_id) REFERENCES partner_stockrecord(id);
ALTER TABLE order_lineattribute ADD FOREIGN KEY (line_id) REFERENCES order_line(id);
ALTER TABLE order_lineattribute ADD FOREIGN KEY (option_id) REFERENCES catalogue_option(id);
ALTER TABLE order_lineprice ADD FOREIGN KEY (line_id) REFERENCES order_line(id);
ALTER TABLE order_lineprice ADD FOREIGN KEY (order_id) REFERENCES order_order(id);
ALTER TABLE order_order ADD FOREIGN KEY (basket_id) REFERENCES basket_basket(id);
ALTER TABLE order_order ADD FOREIGN KEY (billing_address_id) REFERENCES order_billingaddress(id);
ALTER TABLE order_order ADD FOREIGN KEY (shipping_address_id) REFERENCES order_shippingaddress(id);
ALTER TABLE order_order ADD FOREIGN KEY (site_id) REFERENCES django_site(id);
ALTER TABLE order_order ADD FOREIGN KEY (user_id) REFERENCES auth_user(id);
ALTER TABLE order_orderdiscount ADD FOREIGN KEY (order_id) REFERENCES order_order(id);
ALTER TABLE order_orderlinediscount ADD FOREIGN KEY (order_discount_id) REFERENCES order_orderdiscount(id);
ALTER TABLE order_orderlinediscount ADD FOREIGN KEY (line_id) REFERENCES order_line(id);
ALTER TABLE order_ordernote ADD FOREIGN KEY (order_id) REFERENCES order_order(id);
ALTER TABLE order_ordernote ADD FOREIGN KEY (user_id) REFERENCES auth_user(id);
ALTER TABLE order_orderstatuschange ADD FOREIGN KEY (order_id) REFERENCES order_order(id);
ALTER TABLE order_paymentevent ADD FOREIGN KEY (event_type_id) REFERENCES order_paymenteventtype(id);
ALTER TABLE order_paymentevent ADD FOREIGN KEY (order_id) REFERENCES order_order(id);
ALTER TABLE order_paymentevent ADD FOREIGN KEY (shipping_event_id) REFERENCES order_shippingevent(id);
ALTER TABLE order_paymenteventquantity ADD FOREIGN KEY (event_id) REFERENCES order_paymentevent(id);
ALTER TABLE order_paymenteventquantity ADD FOREIGN KEY (line_id) REFERENCES order_line(id);
ALTER TABLE order_shippingaddress ADD FOREIGN KEY (country_id) REFERENCES address_country(iso_3166_1_a2);
ALTER TABLE order_shippingevent ADD FOREIGN KEY (event_type_id) REFERENCES order_shippingeventtype(id);
ALTER TABLE order_shippingevent ADD FOREIGN KEY (order_id) REFERENCES order_order(id);
ALTER TABLE order_shippingeventquantity ADD FOREIGN KEY (event_id) REFERENCES order_shippingevent(id);
ALTER TABLE order_shippingeventquantity ADD FOREIGN KEY (line_id) REFERENCES order_line(id);
ALTER TABLE order_surcharge ADD FOREIGN KEY (order_id) REFERENCES order_order(id);
ALTER TABLE partner_partner_users ADD FOREIGN KEY (partner_id) REFERENCES partner_partner(id);
ALTER TABLE partner_partner_users ADD FOREIGN KEY (user_id) REFERENCES auth_user(id);
ALTER TABLE partner_partneraddress ADD FOREIGN KEY (country_id) REFERENCES address_country(iso_3166_1_a2);
ALTER TABLE partner_partneraddress ADD FOREIGN KEY (partner_id) REFERENCES partner_partner(id);
ALTER TABLE partner_stockalert ADD FOREIGN KEY (stockrecord_id) REFERENCES partner_stockrecord(id);
ALTER TABLE partner_stockrecord ADD FOREIGN KEY (partner_id) REFERENCES partner_partner(id);
ALTER TABLE partner_stockrecord ADD FOREIGN KEY (product_id) REFERENCES catalogue_product(id);
ALTER TABLE payment_bankcard ADD FOREIGN KEY (user_id) REFERENCES auth_user(id);
ALTER TABLE payment_source ADD FOREIGN KEY (order_id) REFERENCES order_order(id);
ALTER TABLE payment_source ADD FOREIGN KEY (source_type_id) REFERENCES payment_sourcetype(id);
ALTER TABLE payment_transaction ADD FOREIGN KEY (source_id) REFERENCES payment_source(id);
ALTER TABLE reviews_productreview ADD FOREIGN KEY (product_id) REFERENCES catalogue_product(id);
ALTER TABLE reviews_productreview ADD FOREIGN KEY (user_id) REFERENCES auth_user(id);
ALTER TABLE reviews_vote ADD FOREIGN KEY (review_id) REFERENCES reviews_productreview(id);
ALTER TABLE reviews_vote ADD FOREIGN KEY (user_id) REFERENCES auth_user(id);
ALTER TABLE shipping_orderanditemcharges_countries ADD FOREIGN KEY (country_id) REFERENCES address_country(iso_3166_1_a2);
ALTER TABLE shipping_orderanditemcharges_countries ADD FOREIGN KEY (orderanditemcharges_id) REFERENCES shipping_orderanditemcharges(id);
ALTER TABLE shipping_weightband ADD FOREIGN KEY (method_id) REFERENCES shipping_weightbased(id);
ALTER TABLE shipping_weightbased_countries ADD FOREIGN KEY (country_id) REFERENCES address_country(iso_3166_1_a2);
ALTER TABLE shipping_weightbased_countries ADD FOREIGN KEY (weightbased_id) REFERENCES shipping_weightbased(id);
ALTER TABLE voucher_voucher ADD FOREIGN KEY (voucher_set_id) REFERENCES voucher_voucherset(id);
ALTER TABLE voucher_voucher_offers ADD FOREIGN KEY (conditionaloffer_id) REFERENCES offer_conditionaloffer(id);
ALTER TABLE voucher_voucher_offers ADD FOREIGN KEY (voucher_id) REFERENCES voucher_voucher(id);
ALTER TABLE voucher_voucherapplication ADD FOREIGN KEY (voucher_id) REFERENCES voucher_voucher(id);
ALTER TABLE voucher_voucherapplication ADD FOREIGN KEY (order_id) REFERENCES order_order(id);
ALTER TABLE voucher_voucherapplication ADD FOREIGN KEY (user_id) REFERENCES auth_user(id);
ALTER TABLE wishlists_line ADD FOREIGN KEY (product_id) REFERENCES catalogue_product(id);
ALTER TABLE wishlists_line ADD FOREIGN KEY (wishlist_id) REFERENCES wishlists_wishlist(id);
ALTER TABLE wishlists_wishlist ADD FOREIGN KEY (owner_id) REFERENCES auth_user(id);
ALTER TABLE wishlists_wishlistsharedemail ADD FOREIGN KEY (wishlist_id) REFERENCES wishlists_wishlist(id);
