import { expect, it } from 'vitest';
import { readMetadata } from '../../../connectors/odata-v4/metadata.ts';
import { navigationTo, referenceOf } from '../../../connectors/odata-v4/references.ts';

const xml = `<?xml version="1.0" encoding="utf-8"?>
<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>
<Schema Namespace="Microsoft.Dynamics.CRM" Alias="mscrm" xmlns="http://docs.oasis-open.org/odata/ns/edm">
  <EntityType Name="base" Abstract="true"><Property Name="createdon" Type="Edm.DateTimeOffset"/></EntityType>
  <EntityType Name="account" BaseType="mscrm.base">
    <Key><PropertyRef Name="accountid"/></Key>
    <Property Name="accountid" Type="Edm.Guid" Nullable="false"/>
    <Property Name="name" Type="Edm.String" Unicode="false" MaxLength="160"/>
    <Property Name="free" Type="Edm.String" MaxLength="max"/>
    <Property Name="units" Type="Edm.Decimal" Precision="19" Scale="variable"/>
    <Property Name="whole" Type="Edm.Decimal" Precision="19"/>
    <Property Name="region" Type="Edm.String" Nullable="false" DefaultValue="EU"/>
    <Property Name="total" Type="Edm.Decimal" Scale="2"><Annotation Term="Org.OData.Core.V1.Computed" Bool="true"/></Property>
    <Property Name="_parent_value" Type="Edm.Guid"/>
    <Property Name="_owner_value" Type="Edm.Guid"/>
    <NavigationProperty Name="parent" Type="mscrm.account"><ReferentialConstraint Property="_parent_value" ReferencedProperty="accountid"/></NavigationProperty>
    <NavigationProperty Name="owner_account" Type="mscrm.account"><ReferentialConstraint Property="_owner_value" ReferencedProperty="accountid"/></NavigationProperty>
    <NavigationProperty Name="owner_team" Type="Microsoft.Dynamics.CRM.team"><ReferentialConstraint Property="_owner_value" ReferencedProperty="teamid"/></NavigationProperty>
    <NavigationProperty Name="children" Type="Collection(mscrm.account)"/>
    <Annotation Term="OData.Community.Keys.V1.AlternateKeys"><Collection>
      <Record Type="OData.Community.Keys.V1.AlternateKey"><PropertyValue Property="Key"><Collection>
        <Record Type="OData.Community.Keys.V1.PropertyRef"><PropertyValue Property="Alias" String="k"/><PropertyValue Property="Name" PropertyPath="name"/></Record>
      </Collection></PropertyValue></Record>
      <Record Type="OData.Community.Keys.V1.AlternateKey"><PropertyValue Property="Key"><Collection>
        <Record Type="OData.Community.Keys.V1.PropertyRef"><PropertyValue Property="Name" PropertyPath="units"/></Record>
        <Record Type="OData.Community.Keys.V1.PropertyRef"><PropertyValue Property="Name" PropertyPath="whole"/></Record>
      </Collection></PropertyValue></Record>
    </Collection></Annotation>
  </EntityType>
  <EntityType Name="team"><Key><PropertyRef Name="teamid"/></Key><Property Name="teamid" Type="Edm.Guid" Nullable="false"/></EntityType>
  <EntityContainer Name="System"><EntitySet Name="accounts" EntityType="Microsoft.Dynamics.CRM.account"/><EntitySet Name="teams" EntityType="mscrm.team"/></EntityContainer>
  <Annotations Target="mscrm.account/free"><Annotation Term="Org.OData.Core.V1.Permissions" EnumMember="Org.OData.Core.V1.Permission/Read"/></Annotations>
</Schema></edmx:DataServices></edmx:Edmx>`;

const service = readMetadata(xml, {});
const account = service.sets.get('accounts');
if (!account) throw new Error('no accounts');

it('reads keys, inherited properties and facets', () => {
  expect(account.key).toEqual(['accountid']);
  expect(account.properties.get('createdon')?.type).toBe('Edm.DateTimeOffset');
  expect(account.properties.get('name')).toMatchObject({ maxLength: 160, nullable: true });
  expect(account.properties.get('free')).toMatchObject({ maxLength: null, computed: true });
  expect(account.properties.get('units')).toMatchObject({ precision: 19, scale: null });
  expect(account.properties.get('whole')).toMatchObject({ precision: 19, scale: 0 });
  expect(account.properties.get('region')).toMatchObject({ nullable: false, hasDefault: true });
  expect(account.properties.get('total')).toMatchObject({ computed: true, scale: 2 });
});

it('reads alternate keys of one property and of several', () => {
  expect(account.alternateKeys).toEqual([['name'], ['units', 'whole']]);
});

it('finds the navigation property that points a lookup at a collection', () => {
  const parent = referenceOf(service, account, 'parent');
  const owner = referenceOf(service, account, 'owner');
  expect(parent).toMatchObject({ lookup: '_parent_value' });
  expect(owner?.arms).toHaveLength(2);
  expect(owner && navigationTo(owner, 'teams')).toBe('owner_team');
  expect(owner && navigationTo(owner, 'accounts')).toBe('owner_account');
  expect(parent && navigationTo(parent, 'teams')).toBeNull();
  expect(referenceOf(service, account, 'children')).toBeNull();
});

it('says so when the document is not metadata', () => {
  for (const wrong of ['<html><body>Sign in</body></html>', 'not xml at all', '']) {
    expect(() => readMetadata(wrong, {})).toThrowError(expect.objectContaining({ code: 'target.not-odata' }));
  }
});
