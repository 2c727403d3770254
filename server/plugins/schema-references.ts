interface Document {
  components?: { schemas?: Record<string, unknown> }
}

/**
 * The document with every part that equals a named schema replaced by a reference to it, the named schemas' own parts
 * included. Without this each operation would repeat whole objects.
 * @param names schemas under `components.schemas` that may be referred to
 */
export function withReferences<T extends Document>(document: T, names: readonly string[]): T {
  const schemas = document.components?.schemas ?? {}
  const byText = new Map(names.map((name) => [JSON.stringify(schemas[name]), name]))
  const refer = (value: unknown, own: string | null): unknown => {
    if (value === null || typeof value !== 'object') return value
    const name = byText.get(JSON.stringify(value))
    if (name !== undefined && name !== own) return { $ref: `#/components/schemas/${name}` }
    if (Array.isArray(value)) return value.map((item) => refer(item, null))
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, refer(item, null)]))
  }
  const named = Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, refer(schema, name)]))
  const rest = refer({ ...document, components: { ...document.components, schemas: {} } }, null) as T
  return { ...rest, components: { ...rest.components, schemas: named } }
}
