/** Lines that set error pages → the replies of a proxy (HAProxy configuration manual, 4.2). It must not know how pages are chosen. */
import type { Memory } from '../base/memory.ts';
import type { ErrorFileModel, ErrorPageModel } from '../model/config.ts';
import type { ConfigModel } from '../model/configuration.ts';
import { ConstantReply } from '../rules/answer/error-page.ts';
import { cannedReply, errorFileReply } from '../rules/answer/reply.ts';
import { compileHttpError } from '../rules/answer/reply-words.ts';
import type { Compiler } from '../rules/compiler.ts';
import { RuleError } from '../rules/error.ts';
import { Place } from '../rules/place.ts';
import { Words } from '../rules/words.ts';
import type { LocalReply } from '../state/records.ts';

/** `http-error` formats may use what any HTTP rule may: the page can be needed at any time. */
const PLACES = Place.frontendRequest | Place.backendRequest | Place.frontendResponse | Place.backendResponse;
const REASONS = { 302: 'Found', 303: 'See Other' } as const;

/** Answers of `http-errors` sections by name and status. */
export function errorSectionsOf(model: ConfigModel, memory: Memory): ReadonlyMap<string, ReadonlyMap<number, LocalReply>> {
  const replyOf = (file: ErrorFileModel): [number, LocalReply] => [
    file.status,
    new ConstantReply(memory, errorFileReply(memory, file.bytes), true, file.status),
  ];
  return new Map(model.httpErrors.map(({ name, errorFiles }) => [name, new Map(errorFiles.map(replyOf))]));
}

/** Gives the compiler's proxy what the line says. @throws RuleError */
export function setErrorPage(page: ErrorPageModel, compiler: Compiler): void {
  const { memory, errorSections } = compiler.thread;
  const context = compiler.context(PLACES);
  context.standAt(page.at);
  switch (page.kind) {
    case 'file':
      set(compiler, page.status, new ConstantReply(memory, errorFileReply(memory, page.file.bytes), true, page.status));
      return;
    case 'location': {
      const fields = [['cache-control', 'no-cache'] as const, ['content-length', '0'] as const, ['location', page.url] as const];
      set(
        compiler,
        page.status,
        new ConstantReply(memory, cannedReply(memory, page.code, REASONS[page.code], fields, ''), true, page.status),
      );
      return;
    }
    case 'words': {
      const { status, reply } = compileHttpError(new Words(page.words), context);
      set(compiler, status, reply);
      return;
    }
    case 'section': {
      const section = errorSections.get(page.name);
      if (section === undefined) {
        throw new RuleError(`unable to find required http-errors section: '${page.name}'`, -1, page.name, [...errorSections.keys()]);
      }
      for (const status of page.statuses ?? section.keys()) {
        const reply = section.get(status);
        if (reply !== undefined) set(compiler, status, reply);
        else context.warn(`status '${status}' is not declared in http-errors section '${page.name}'`);
      }
    }
  }
}

/** null: the default again. */
function set({ proxy }: Compiler, status: number, reply: LocalReply | null): void {
  for (const half of [proxy.frontend, proxy.backend]) {
    if (reply === null) half?.errorReplies.delete(status);
    else half?.errorReplies.set(status, reply);
  }
}
