import { bySet, type EntitySet, model, type Property } from './model.ts';

const namespace = 'Microsoft.Dynamics.CRM';

function facets(property: Property): string {
  switch (property.type) {
    case 'String':
      return ` MaxLength="${property.maxLength}" Unicode="true"`;
    case 'Decimal':
      return ` Precision="${property.precision}" Scale="${property.scale}"`;
    default:
      return '';
  }
}

function entityType(entry: EntitySet): string {
  const properties = entry.properties.map((property) => {
    const nullable = property.required === true ? ' Nullable="false"' : '';
    const computed =
      'system' in property && property.system
        ? `><Annotation Term="Org.OData.Core.V1.Computed" Bool="true"/></Property>`
        : '/>';
    return `<Property Name="${property.name}" Type="Edm.${property.type}"${nullable}${facets(property)}${computed}`;
  });
  const files = (entry.files ?? []).flatMap((file) => [
    `<Property Name="${file}" Type="Edm.Stream"/>`,
    `<Property Name="${file}_name" Type="Edm.String" MaxLength="200"><Annotation Term="Org.OData.Core.V1.Computed" Bool="true"/></Property>`,
  ]);
  const lookups = entry.lookups.flatMap((lookup) => [
    `<Property Name="_${lookup.name}_value" Type="Edm.Guid"><Annotation Term="Org.OData.Core.V1.Computed" Bool="true"/></Property>`,
    ...lookup.navigations.map((navigation) => {
      const type = bySet.get(navigation.set)?.type ?? '';
      const nullable = lookup.required === true ? ' Nullable="false"' : '';
      return (
        `<NavigationProperty Name="${navigation.name}" Type="mscrm.${type}"${nullable}>` +
        `<ReferentialConstraint Property="_${lookup.name}_value" ReferencedProperty="${bySet.get(navigation.set)?.id ?? ''}"/></NavigationProperty>`
      );
    }),
  ]);
  const keys =
    entry.alternateKey === undefined
      ? ''
      : `<Annotation Term="OData.Community.Keys.V1.AlternateKeys"><Collection><Record Type="OData.Community.Keys.V1.AlternateKey">` +
        `<PropertyValue Property="Key"><Collection><Record Type="OData.Community.Keys.V1.PropertyRef">` +
        `<PropertyValue Property="Alias" String="${entry.alternateKey}"/><PropertyValue Property="Name" PropertyPath="${entry.alternateKey}"/>` +
        `</Record></Collection></PropertyValue></Record></Collection></Annotation>`;
  return (
    `<EntityType Name="${entry.type}"><Key><PropertyRef Name="${entry.id}"/></Key>` +
    `<Property Name="${entry.id}" Type="Edm.Guid" Nullable="false"/>` +
    `${properties.join('')}${files.join('')}${lookups.join('')}${keys}</EntityType>`
  );
}

/** The service's description of itself (OData CSDL XML 4.0), as Dataverse writes it. */
export function metadataXml(): string {
  const sets = model.map((entry) => {
    const bindings = entry.lookups
      .flatMap((lookup) => lookup.navigations)
      .map((navigation) => `<NavigationPropertyBinding Path="${navigation.name}" Target="${navigation.set}"/>`);
    return `<EntitySet Name="${entry.set}" EntityType="${namespace}.${entry.type}">${bindings.join('')}</EntitySet>`;
  });
  return (
    `<?xml version="1.0" encoding="utf-8"?>` +
    `<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>` +
    `<Schema Namespace="${namespace}" Alias="mscrm" xmlns="http://docs.oasis-open.org/odata/ns/edm">` +
    `${model.map(entityType).join('')}<EntityContainer Name="System">${sets.join('')}</EntityContainer>` +
    `</Schema></edmx:DataServices></edmx:Edmx>`
  );
}
