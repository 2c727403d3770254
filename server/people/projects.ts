import { DomainError } from '../../shared/errors/domain-error.ts'
import { SERVER_USER } from './access.ts'
import type { PeopleRepository } from './people-repository.ts'

/** What is asked of groups: which a user is in, and which models they may use. */
export class Projects {
  private readonly people: Pick<PeopleRepository, 'groupsOf' | 'groupsOfModel'>

  constructor(people: Pick<PeopleRepository, 'groupsOf' | 'groupsOfModel'>) {
    this.people = people
  }

  /** Groups of a user; their members see what lies in the group's project. */
  of(user: string): Promise<string[]> {
    return this.people.groupsOf(user)
  }

  /** Whether a user may see something of this owner and project. */
  async maySee(user: string, { owner, project }: { owner: string; project: string | null }): Promise<boolean> {
    return owner === user || (project !== null && (await this.of(user)).includes(project))
  }

  /** @throws {DomainError} `project_not_found` */
  async check(user: string, project: string): Promise<void> {
    if (!(await this.of(user)).includes(project)) throw new DomainError('project_not_found', { project })
  }

  /** Whether a user may run a model: everyone where it is kept for no group, and the server's own user any. */
  async mayUseModel(user: string, model: string): Promise<boolean> {
    if (user === SERVER_USER) return true
    const groups = await this.people.groupsOfModel(model)
    if (groups.length === 0) return true
    const own = await this.of(user)
    return groups.some((group) => own.includes(group))
  }
}

/** @throws {DomainError} `not_owner` */
export function checkOwner(user: string, record: { owner: string }): void {
  if (record.owner !== user) throw new DomainError('not_owner')
}
