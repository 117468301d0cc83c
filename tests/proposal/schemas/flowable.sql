-- Flowable 7.1.0, a process engine (org.flowable:flowable-engine), Apache-2.0.
-- Tables, keys and references alone, as `landfall init` reads them; see LICENCES.md.

CREATE TABLE act_evt_log (
  log_nr_ integer NOT NULL,
  type_ character varying(64),
  proc_def_id_ character varying(64),
  proc_inst_id_ character varying(64),
  execution_id_ character varying(64),
  task_id_ character varying(64),
  time_stamp_ timestamp without time zone NOT NULL,
  user_id_ character varying(255),
  data_ bytea,
  lock_owner_ character varying(255),
  lock_time_ timestamp without time zone,
  is_processed_ smallint,
  PRIMARY KEY (log_nr_)
);

CREATE TABLE act_ge_bytearray (
  id_ character varying(64) NOT NULL,
  rev_ integer,
  name_ character varying(255),
  deployment_id_ character varying(64),
  bytes_ bytea,
  generated_ boolean,
  PRIMARY KEY (id_)
);

CREATE TABLE act_ge_property (
  name_ character varying(64) NOT NULL,
  value_ character varying(300),
  rev_ integer,
  PRIMARY KEY (name_)
);

CREATE TABLE act_hi_actinst (
  id_ character varying(64) NOT NULL,
  rev_ integer,
  proc_def_id_ character varying(64) NOT NULL,
  proc_inst_id_ character varying(64) NOT NULL,
  execution_id_ character varying(64) NOT NULL,
  act_id_ character varying(255) NOT NULL,
  task_id_ character varying(64),
  call_proc_inst_id_ character varying(64),
  act_name_ character varying(255),
  act_type_ character varying(255) NOT NULL,
  assignee_ character varying(255),
  start_time_ timestamp without time zone NOT NULL,
  end_time_ timestamp without time zone,
  transaction_order_ integer,
  duration_ bigint,
  delete_reason_ character varying(4000),
  tenant_id_ character varying(255),
  PRIMARY KEY (id_)
);

CREATE TABLE act_hi_attachment (
  id_ character varying(64) NOT NULL,
  rev_ integer,
  user_id_ character varying(255),
  name_ character varying(255),
  description_ character varying(4000),
  type_ character varying(255),
  task_id_ character varying(64),
  proc_inst_id_ character varying(64),
  url_ character varying(4000),
  content_id_ character varying(64),
  time_ timestamp without time zone,
  PRIMARY KEY (id_)
);

CREATE TABLE act_hi_comment (
  id_ character varying(64) NOT NULL,
  type_ character varying(255),
  time_ timestamp without time zone NOT NULL,
  user_id_ character varying(255),
  task_id_ character varying(64),
  proc_inst_id_ character varying(64),
  action_ character varying(255),
  message_ character varying(4000),
  full_msg_ bytea,
  PRIMARY KEY (id_)
);

CREATE TABLE act_hi_detail (
  id_ character varying(64) NOT NULL,
  type_ character varying(255) NOT NULL,
  proc_inst_id_ character varying(64),
  execution_id_ character varying(64),
  task_id_ character varying(64),
  act_inst_id_ character varying(64),
  name_ character varying(255) NOT NULL,
  var_type_ character varying(64),
  rev_ integer,
  time_ timestamp without time zone NOT NULL,
  bytearray_id_ character varying(64),
  double_ double precision,
  long_ bigint,
  text_ character varying(4000),
  text2_ character varying(4000),
  PRIMARY KEY (id_)
);

CREATE TABLE act_hi_entitylink (
  id_ character varying(64) NOT NULL,
  link_type_ character varying(255),
  create_time_ timestamp without time zone,
  scope_id_ character varying(255),
  sub_scope_id_ character varying(255),
  scope_type_ character varying(255),
  scope_definition_id_ character varying(255),
  parent_element_id_ character varying(255),
  ref_scope_id_ character varying(255),
  ref_scope_type_ character varying(255),
  ref_scope_definition_id_ character varying(255),
  root_scope_id_ character varying(255),
  root_scope_type_ character varying(255),
  hierarchy_type_ character varying(255),
  PRIMARY KEY (id_)
);

CREATE TABLE act_hi_identitylink (
  id_ character varying(64) NOT NULL,
  group_id_ character varying(255),
  type_ character varying(255),
  user_id_ character varying(255),
  task_id_ character varying(64),
  create_time_ timestamp without time zone,
  proc_inst_id_ character varying(64),
  scope_id_ character varying(255),
  sub_scope_id_ character varying(255),
  scope_type_ character varying(255),
  scope_definition_id_ character varying(255),
  PRIMARY KEY (id_)
);

CREATE TABLE act_hi_procinst (
  id_ character varying(64) NOT NULL,
  rev_ integer,
  proc_inst_id_ character varying(64) NOT NULL,
  business_key_ character varying(255),
  proc_def_id_ character varying(64) NOT NULL,
  start_time_ timestamp without time zone NOT NULL,
  end_time_ timestamp without time zone,
  duration_ bigint,
  start_user_id_ character varying(255),
  start_act_id_ character varying(255),
  end_act_id_ character varying(255),
  super_process_instance_id_ character varying(64),
  delete_reason_ character varying(4000),
  tenant_id_ character varying(255),
  name_ character varying(255),
  callback_id_ character varying(255),
  callback_type_ character varying(255),
  reference_id_ character varying(255),
  reference_type_ character varying(255),
  propagated_stage_inst_id_ character varying(255),
  business_status_ character varying(255),
  PRIMARY KEY (id_)
);

CREATE TABLE act_hi_taskinst (
  id_ character varying(64) NOT NULL,
  rev_ integer,
  proc_def_id_ character varying(64),
  task_def_id_ character varying(64),
  task_def_key_ character varying(255),
  proc_inst_id_ character varying(64),
  execution_id_ character varying(64),
  scope_id_ character varying(255),
  sub_scope_id_ character varying(255),
  scope_type_ character varying(255),
  scope_definition_id_ character varying(255),
  propagated_stage_inst_id_ character varying(255),
  state_ character varying(255),
  name_ character varying(255),
  parent_task_id_ character varying(64),
  description_ character varying(4000),
  owner_ character varying(255),
  assignee_ character varying(255),
  start_time_ timestamp without time zone NOT NULL,
  in_progress_time_ timestamp without time zone,
  in_progress_started_by_ character varying(255),
  claim_time_ timestamp without time zone,
  claimed_by_ character varying(255),
  suspended_time_ timestamp without time zone,
  suspended_by_ character varying(255),
  end_time_ timestamp without time zone,
  completed_by_ character varying(255),
  duration_ bigint,
  delete_reason_ character varying(4000),
  priority_ integer,
  in_progress_due_date_ timestamp without time zone,
  due_date_ timestamp without time zone,
  form_key_ character varying(255),
  category_ character varying(255),
  tenant_id_ character varying(255),
  last_updated_time_ timestamp without time zone,
  PRIMARY KEY (id_)
);

CREATE TABLE act_hi_tsk_log (
  id_ integer NOT NULL,
  type_ character varying(64),
  task_id_ character varying(64) NOT NULL,
  time_stamp_ timestamp without time zone NOT NULL,
  user_id_ character varying(255),
  data_ character varying(4000),
  execution_id_ character varying(64),
  proc_inst_id_ character varying(64),
  proc_def_id_ character varying(64),
  scope_id_ character varying(255),
  scope_definition_id_ character varying(255),
  sub_scope_id_ character varying(255),
  scope_type_ character varying(255),
  tenant_id_ character varying(255),
  PRIMARY KEY (id_)
);

CREATE TABLE act_hi_varinst (
  id_ character varying(64) NOT NULL,
  rev_ integer,
  proc_inst_id_ character varying(64),
  execution_id_ character varying(64),
  task_id_ character varying(64),
  name_ character varying(255) NOT NULL,
  var_type_ character varying(100),
  scope_id_ character varying(255),
  sub_scope_id_ character varying(255),
  scope_type_ character varying(255),
  bytearray_id_ character varying(64),
  double_ double precision,
  long_ bigint,
  text_ character varying(4000),
  text2_ character varying(4000),
  meta_info_ character varying(4000),
  create_time_ timestamp without time zone,
  last_updated_time_ timestamp without time zone,
  PRIMARY KEY (id_)
);

CREATE TABLE act_procdef_info (
  id_ character varying(64) NOT NULL,
  proc_def_id_ character varying(64) NOT NULL,
  rev_ integer,
  info_json_id_ character varying(64),
  PRIMARY KEY (id_)
);

CREATE TABLE act_re_deployment (
  id_ character varying(64) NOT NULL,
  name_ character varying(255),
  category_ character varying(255),
  key_ character varying(255),
  tenant_id_ character varying(255),
  deploy_time_ timestamp without time zone,
  derived_from_ character varying(64),
  derived_from_root_ character varying(64),
  parent_deployment_id_ character varying(255),
  engine_version_ character varying(255),
  PRIMARY KEY (id_)
);

CREATE TABLE act_re_model (
  id_ character varying(64) NOT NULL,
  rev_ integer,
  name_ character varying(255),
  key_ character varying(255),
  category_ character varying(255),
  create_time_ timestamp without time zone,
  last_update_time_ timestamp without time zone,
  version_ integer,
  meta_info_ character varying(4000),
  deployment_id_ character varying(64),
  editor_source_value_id_ character varying(64),
  editor_source_extra_value_id_ character varying(64),
  tenant_id_ character varying(255),
  PRIMARY KEY (id_)
);

CREATE TABLE act_re_procdef (
  id_ character varying(64) NOT NULL,
  rev_ integer,
  category_ character varying(255),
  name_ character varying(255),
  key_ character varying(255) NOT NULL,
  version_ integer NOT NULL,
  deployment_id_ character varying(64),
  resource_name_ character varying(4000),
  dgrm_resource_name_ character varying(4000),
  description_ character varying(4000),
  has_start_form_key_ boolean,
  has_graphical_notation_ boolean,
  suspension_state_ integer,
  tenant_id_ character varying(255),
  derived_from_ character varying(64),
  derived_from_root_ character varying(64),
  derived_version_ integer NOT NULL,
  engine_version_ character varying(255),
  PRIMARY KEY (id_)
);

CREATE TABLE act_ru_actinst (
  id_ character varying(64) NOT NULL,
  rev_ integer,
  proc_def_id_ character varying(64) NOT NULL,
  proc_inst_id_ character varying(64) NOT NULL,
  execution_id_ character varying(64) NOT NULL,
  act_id_ character varying(255) NOT NULL,
  task_id_ character varying(64),
  call_proc_inst_id_ character varying(64),
  act_name_ character varying(255),
  act_type_ character varying(255) NOT NULL,
  assignee_ character varying(255),
  start_time_ timestamp without time zone NOT NULL,
  end_time_ timestamp without time zone,
  duration_ bigint,
  transaction_order_ integer,
  delete_reason_ character varying(4000),
  tenant_id_ character varying(255),
  PRIMARY KEY (id_)
);

CREATE TABLE act_ru_deadletter_job (
  id_ character varying(64) NOT NULL,
  rev_ integer,
  category_ character varying(255),
  type_ character varying(255) NOT NULL,
  exclusive_ boolean,
  execution_id_ character varying(64),
  process_instance_id_ character varying(64),
  proc_def_id_ character varying(64),
  element_id_ character varying(255),
  element_name_ character varying(255),
  scope_id_ character varying(255),
  sub_scope_id_ character varying(255),
  scope_type_ character varying(255),
  scope_definition_id_ character varying(255),
  correlation_id_ character varying(255),
  exception_stack_id_ character varying(64),
  exception_msg_ character varying(4000),
  duedate_ timestamp without time zone,
  repeat_ character varying(255),
  handler_type_ character varying(255),
  handler_cfg_ character varying(4000),
  custom_values_id_ character varying(64),
  create_time_ timestamp without time zone,
  tenant_id_ character varying(255),
  PRIMARY KEY (id_)
);

CREATE TABLE act_ru_entitylink (
  id_ character varying(64) NOT NULL,
  rev_ integer,
  create_time_ timestamp without time zone,
  link_type_ character varying(255),
  scope_id_ character varying(255),
  sub_scope_id_ character varying(255),
  scope_type_ character varying(255),
  scope_definition_id_ character varying(255),
  parent_element_id_ character varying(255),
  ref_scope_id_ character varying(255),
  ref_scope_type_ character varying(255),
  ref_scope_definition_id_ character varying(255),
  root_scope_id_ character varying(255),
  root_scope_type_ character varying(255),
  hierarchy_type_ character varying(255),
  PRIMARY KEY (id_)
);

CREATE TABLE act_ru_event_subscr (
  id_ character varying(64) NOT NULL,
  rev_ integer,
  event_type_ character varying(255) NOT NULL,
  event_name_ character varying(255),
  execution_id_ character varying(64),
  proc_inst_id_ character varying(64),
  activity_id_ character varying(64),
  configuration_ character varying(255),
  created_ timestamp without time zone NOT NULL,
  proc_def_id_ character varying(64),
  sub_scope_id_ character varying(64),
  scope_id_ character varying(64),
  scope_definition_id_ character varying(64),
  scope_definition_key_ character varying(255),
  scope_type_ character varying(64),
  lock_time_ timestamp without time zone,
  lock_owner_ character varying(255),
  tenant_id_ character varying(255),
  PRIMARY KEY (id_)
);

CREATE TABLE act_ru_execution (
  id_ character varying(64) NOT NULL,
  rev_ integer,
  proc_inst_id_ character varying(64),
  business_key_ character varying(255),
  parent_id_ character varying(64),
  proc_def_id_ character varying(64),
  super_exec_ character varying(64),
  root_proc_inst_id_ character varying(64),
  act_id_ character varying(255),
  is_active_ boolean,
  is_concurrent_ boolean,
  is_scope_ boolean,
  is_event_scope_ boolean,
  is_mi_root_ boolean,
  suspension_state_ integer,
  cached_ent_state_ integer,
  tenant_id_ character varying(255),
  name_ character varying(255),
  start_act_id_ character varying(255),
  start_time_ timestamp without time zone,
  start_user_id_ character varying(255),
  lock_time_ timestamp without time zone,
  lock_owner_ character varying(255),
  is_count_enabled_ boolean,
  evt_subscr_count_ integer,
  task_count_ integer,
  job_count_ integer,
  timer_job_count_ integer,
  susp_job_count_ integer,
  deadletter_job_count_ integer,
  external_worker_job_count_ integer,
  var_count_ integer,
  id_link_count_ integer,
  callback_id_ character varying(255),
  callback_type_ character varying(255),
  reference_id_ character varying(255),
  reference_type_ character varying(255),
  propagated_stage_inst_id_ character varying(255),
  business_status_ character varying(255),
  PRIMARY KEY (id_)
);

CREATE TABLE act_ru_external_job (
  id_ character varying(64) NOT NULL,
  rev_ integer,
  category_ character varying(255),
  type_ character varying(255) NOT NULL,
  lock_exp_time_ timestamp without time zone,
  lock_owner_ character varying(255),
  exclusive_ boolean,
  execution_id_ character varying(64),
  process_instance_id_ character varying(64),
  proc_def_id_ character varying(64),
  element_id_ character varying(255),
  element_name_ character varying(255),
  scope_id_ character varying(255),
  sub_scope_id_ character varying(255),
  scope_type_ character varying(255),
  scope_definition_id_ character varying(255),
  correlation_id_ character varying(255),
  retries_ integer,
  exception_stack_id_ character varying(64),
  exception_msg_ character varying(4000),
  duedate_ timestamp without time zone,
  repeat_ character varying(255),
  handler_type_ character varying(255),
  handler_cfg_ character varying(4000),
  custom_values_id_ character varying(64),
  create_time_ timestamp without time zone,
  tenant_id_ character varying(255),
  PRIMARY KEY (id_)
);

CREATE TABLE act_ru_history_job (
  id_ character varying(64) NOT NULL,
  rev_ integer,
  lock_exp_time_ timestamp without time zone,
  lock_owner_ character varying(255),
  retries_ integer,
  exception_stack_id_ character varying(64),
  exception_msg_ character varying(4000),
  handler_type_ character varying(255),
  handler_cfg_ character varying(4000),
  custom_values_id_ character varying(64),
  adv_handler_cfg_id_ character varying(64),
  create_time_ timestamp without time zone,
  scope_type_ character varying(255),
  tenant_id_ character varying(255),
  PRIMARY KEY (id_)
);

CREATE TABLE act_ru_identitylink (
  id_ character varying(64) NOT NULL,
  rev_ integer,
  group_id_ character varying(255),
  type_ character varying(255),
  user_id_ character varying(255),
  task_id_ character varying(64),
  proc_inst_id_ character varying(64),
  proc_def_id_ character varying(64),
  scope_id_ character varying(255),
  sub_scope_id_ character varying(255),
  scope_type_ character varying(255),
  scope_definition_id_ character varying(255),
  PRIMARY KEY (id_)
);

CREATE TABLE act_ru_job (
  id_ character varying(64) NOT NULL,
  rev_ integer,
  category_ character varying(255),
  type_ character varying(255) NOT NULL,
  lock_exp_time_ timestamp without time zone,
  lock_owner_ character varying(255),
  exclusive_ boolean,
  execution_id_ character varying(64),
  process_instance_id_ character varying(64),
  proc_def_id_ character varying(64),
  element_id_ character varying(255),
  element_name_ character varying(255),
  scope_id_ character varying(255),
  sub_scope_id_ character varying(255),
  scope_type_ character varying(255),
  scope_definition_id_ character varying(255),
  correlation_id_ character varying(255),
  retries_ integer,
  exception_stack_id_ character varying(64),
  exception_msg_ character varying(4000),
  duedate_ timestamp without time zone,
  repeat_ character varying(255),
  handler_type_ character varying(255),
  handler_cfg_ character varying(4000),
  custom_values_id_ character varying(64),
  create_time_ timestamp without time zone,
  tenant_id_ character varying(255),
  PRIMARY KEY (id_)
);

CREATE TABLE act_ru_suspended_job (
  id_ character varying(64) NOT NULL,
  rev_ integer,
  category_ character varying(255),
  type_ character varying(255) NOT NULL,
  exclusive_ boolean,
  execution_id_ character varying(64),
  process_instance_id_ character varying(64),
  proc_def_id_ character varying(64),
  element_id_ character varying(255),
  element_name_ character varying(255),
  scope_id_ character varying(255),
  sub_scope_id_ character varying(255),
  scope_type_ character varying(255),
  scope_definition_id_ character varying(255),
  correlation_id_ character varying(255),
  retries_ integer,
  exception_stack_id_ character varying(64),
  exception_msg_ character varying(4000),
  duedate_ timestamp without time zone,
  repeat_ character varying(255),
  handler_type_ character varying(255),
  handler_cfg_ character varying(4000),
  custom_values_id_ character varying(64),
  create_time_ timestamp without time zone,
  tenant_id_ character varying(255),
  PRIMARY KEY (id_)
);

CREATE TABLE act_ru_task (
  id_ character varying(64) NOT NULL,
  rev_ integer,
  execution_id_ character varying(64),
  proc_inst_id_ character varying(64),
  proc_def_id_ character varying(64),
  task_def_id_ character varying(64),
  scope_id_ character varying(255),
  sub_scope_id_ character varying(255),
  scope_type_ character varying(255),
  scope_definition_id_ character varying(255),
  propagated_stage_inst_id_ character varying(255),
  state_ character varying(255),
  name_ character varying(255),
  parent_task_id_ character varying(64),
  description_ character varying(4000),
  task_def_key_ character varying(255),
  owner_ character varying(255),
  assignee_ character varying(255),
  delegation_ character varying(64),
  priority_ integer,
  create_time_ timestamp without time zone,
  in_progress_time_ timestamp without time zone,
  in_progress_started_by_ character varying(255),
  claim_time_ timestamp without time zone,
  claimed_by_ character varying(255),
  suspended_time_ timestamp without time zone,
  suspended_by_ character varying(255),
  in_progress_due_date_ timestamp without time zone,
  due_date_ timestamp without time zone,
  category_ character varying(255),
  suspension_state_ integer,
  tenant_id_ character varying(255),
  form_key_ character varying(255),
  is_count_enabled_ boolean,
  var_count_ integer,
  id_link_count_ integer,
  sub_task_count_ integer,
  PRIMARY KEY (id_)
);

CREATE TABLE act_ru_timer_job (
  id_ character varying(64) NOT NULL,
  rev_ integer,
  category_ character varying(255),
  type_ character varying(255) NOT NULL,
  lock_exp_time_ timestamp without time zone,
  lock_owner_ character varying(255),
  exclusive_ boolean,
  execution_id_ character varying(64),
  process_instance_id_ character varying(64),
  proc_def_id_ character varying(64),
  element_id_ character varying(255),
  element_name_ character varying(255),
  scope_id_ character varying(255),
  sub_scope_id_ character varying(255),
  scope_type_ character varying(255),
  scope_definition_id_ character varying(255),
  correlation_id_ character varying(255),
  retries_ integer,
  exception_stack_id_ character varying(64),
  exception_msg_ character varying(4000),
  duedate_ timestamp without time zone,
  repeat_ character varying(255),
  handler_type_ character varying(255),
  handler_cfg_ character varying(4000),
  custom_values_id_ character varying(64),
  create_time_ timestamp without time zone,
  tenant_id_ character varying(255),
  PRIMARY KEY (id_)
);

CREATE TABLE act_ru_variable (
  id_ character varying(64) NOT NULL,
  rev_ integer,
  type_ character varying(255) NOT NULL,
  name_ character varying(255) NOT NULL,
  execution_id_ character varying(64),
  proc_inst_id_ character varying(64),
  task_id_ character varying(64),
  scope_id_ character varying(255),
  sub_scope_id_ character varying(255),
  scope_type_ character varying(255),
  bytearray_id_ character varying(64),
  double_ double precision,
  long_ bigint,
  text_ character varying(4000),
  text2_ character varying(4000),
  meta_info_ character varying(4000),
  PRIMARY KEY (id_)
);

CREATE TABLE flw_ru_batch (
  id_ character varying(64) NOT NULL,
  rev_ integer,
  type_ character varying(64) NOT NULL,
  search_key_ character varying(255),
  search_key2_ character varying(255),
  create_time_ timestamp without time zone NOT NULL,
  complete_time_ timestamp without time zone,
  status_ character varying(255),
  batch_doc_id_ character varying(64),
  tenant_id_ character varying(255),
  PRIMARY KEY (id_)
);

CREATE TABLE flw_ru_batch_part (
  id_ character varying(64) NOT NULL,
  rev_ integer,
  batch_id_ character varying(64),
  type_ character varying(64) NOT NULL,
  scope_id_ character varying(64),
  sub_scope_id_ character varying(64),
  scope_type_ character varying(64),
  search_key_ character varying(255),
  search_key2_ character varying(255),
  create_time_ timestamp without time zone NOT NULL,
  complete_time_ timestamp without time zone,
  status_ character varying(255),
  result_doc_id_ character varying(64),
  tenant_id_ character varying(255),
  PRIMARY KEY (id_)
);

ALTER TABLE act_ge_bytearray ADD FOREIGN KEY (deployment_id_) REFERENCES act_re_deployment(id_);
ALTER TABLE act_procdef_info ADD FOREIGN KEY (info_json_id_) REFERENCES act_ge_bytearray(id_);
ALTER TABLE act_procdef_info ADD FOREIGN KEY (proc_def_id_) REFERENCES act_re_procdef(id_);
ALTER TABLE act_re_model ADD FOREIGN KEY (deployment_id_) REFERENCES act_re_deployment(id_);
ALTER TABLE act_re_model ADD FOREIGN KEY (editor_source_value_id_) REFERENCES act_ge_bytearray(id_);
ALTER TABLE act_re_model ADD FOREIGN KEY (editor_source_extra_value_id_) REFERENCES act_ge_bytearray(id_);
ALTER TABLE act_ru_deadletter_job ADD FOREIGN KEY (custom_values_id_) REFERENCES act_ge_bytearray(id_);
ALTER TABLE act_ru_deadletter_job ADD FOREIGN KEY (exception_stack_id_) REFERENCES act_ge_bytearray(id_);
ALTER TABLE act_ru_deadletter_job ADD FOREIGN KEY (execution_id_) REFERENCES act_ru_execution(id_);
ALTER TABLE act_ru_deadletter_job ADD FOREIGN KEY (proc_def_id_) REFERENCES act_re_procdef(id_);
ALTER TABLE act_ru_deadletter_job ADD FOREIGN KEY (process_instance_id_) REFERENCES act_ru_execution(id_);
ALTER TABLE act_ru_event_subscr ADD FOREIGN KEY (execution_id_) REFERENCES act_ru_execution(id_);
ALTER TABLE act_ru_execution ADD FOREIGN KEY (parent_id_) REFERENCES act_ru_execution(id_);
ALTER TABLE act_ru_execution ADD FOREIGN KEY (proc_def_id_) REFERENCES act_re_procdef(id_);
ALTER TABLE act_ru_execution ADD FOREIGN KEY (proc_inst_id_) REFERENCES act_ru_execution(id_);
ALTER TABLE act_ru_execution ADD FOREIGN KEY (super_exec_) REFERENCES act_ru_execution(id_);
ALTER TABLE act_ru_external_job ADD FOREIGN KEY (custom_values_id_) REFERENCES act_ge_bytearray(id_);
ALTER TABLE act_ru_external_job ADD FOREIGN KEY (exception_stack_id_) REFERENCES act_ge_bytearray(id_);
ALTER TABLE act_ru_identitylink ADD FOREIGN KEY (proc_def_id_) REFERENCES act_re_procdef(id_);
ALTER TABLE act_ru_identitylink ADD FOREIGN KEY (proc_inst_id_) REFERENCES act_ru_execution(id_);
ALTER TABLE act_ru_identitylink ADD FOREIGN KEY (task_id_) REFERENCES act_ru_task(id_);
ALTER TABLE act_ru_job ADD FOREIGN KEY (custom_values_id_) REFERENCES act_ge_bytearray(id_);
ALTER TABLE act_ru_job ADD FOREIGN KEY (exception_stack_id_) REFERENCES act_ge_bytearray(id_);
ALTER TABLE act_ru_job ADD FOREIGN KEY (execution_id_) REFERENCES act_ru_execution(id_);
ALTER TABLE act_ru_job ADD FOREIGN KEY (proc_def_id_) REFERENCES act_re_procdef(id_);
ALTER TABLE act_ru_job ADD FOREIGN KEY (process_instance_id_) REFERENCES act_ru_execution(id_);
ALTER TABLE act_ru_suspended_job ADD FOREIGN KEY (custom_values_id_) REFERENCES act_ge_bytearray(id_);
ALTER TABLE act_ru_suspended_job ADD FOREIGN KEY (exception_stack_id_) REFERENCES act_ge_bytearray(id_);
ALTER TABLE act_ru_suspended_job ADD FOREIGN KEY (execution_id_) REFERENCES act_ru_execution(id_);
ALTER TABLE act_ru_suspended_job ADD FOREIGN KEY (proc_def_id_) REFERENCES act_re_procdef(id_);
ALTER TABLE act_ru_suspended_job ADD FOREIGN KEY (process_instance_id_) REFERENCES act_ru_execution(id_);
ALTER TABLE act_ru_task ADD FOREIGN KEY (execution_id_) REFERENCES act_ru_execution(id_);
ALTER TABLE act_ru_task ADD FOREIGN KEY (proc_def_id_) REFERENCES act_re_procdef(id_);
ALTER TABLE act_ru_task ADD FOREIGN KEY (proc_inst_id_) REFERENCES act_ru_execution(id_);
ALTER TABLE act_ru_timer_job ADD FOREIGN KEY (custom_values_id_) REFERENCES act_ge_bytearray(id_);
ALTER TABLE act_ru_timer_job ADD FOREIGN KEY (exception_stack_id_) REFERENCES act_ge_bytearray(id_);
ALTER TABLE act_ru_timer_job ADD FOREIGN KEY (execution_id_) REFERENCES act_ru_execution(id_);
ALTER TABLE act_ru_timer_job ADD FOREIGN KEY (proc_def_id_) REFERENCES act_re_procdef(id_);
ALTER TABLE act_ru_timer_job ADD FOREIGN KEY (process_instance_id_) REFERENCES act_ru_execution(id_);
ALTER TABLE act_ru_variable ADD FOREIGN KEY (bytearray_id_) REFERENCES act_ge_bytearray(id_);
ALTER TABLE act_ru_variable ADD FOREIGN KEY (execution_id_) REFERENCES act_ru_execution(id_);
ALTER TABLE act_ru_variable ADD FOREIGN KEY (proc_inst_id_) REFERENCES act_ru_execution(id_);
ALTER TABLE flw_ru_batch_part ADD FOREIGN KEY (batch_id_) REFERENCES flw_ru_batch(id_);
