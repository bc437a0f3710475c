import type { DiffResponse } from '@pulumi/pulumi/proto/provider_pb.js';
import pb from '@pulumi/pulumi/proto/provider_pb.js';
import { rootOf } from './path.ts';
import type { DiffAnswer } from './types.ts';

const KINDS = {
  add: pb.PropertyDiff.Kind.ADD,
  'add-replace': pb.PropertyDiff.Kind.ADD_REPLACE,
  update: pb.PropertyDiff.Kind.UPDATE,
  'update-replace': pb.PropertyDiff.Kind.UPDATE_REPLACE,
  delete: pb.PropertyDiff.Kind.DELETE,
  'delete-replace': pb.PropertyDiff.Kind.DELETE_REPLACE,
} as const;

/**
 * Wire form of a diff. `isInput` says whether a top-level property is an input: the engine then shows old input against
 * new input, and for others (a `drift` that read found) the recorded output against nothing.
 */
export function diffResponse(answer: DiffAnswer, isInput: (property: string) => boolean): DiffResponse {
  const changes = Object.entries(answer.changes);
  const response = new pb.DiffResponse()
    .setChanges(changes.length > 0 ? pb.DiffResponse.DiffChanges.DIFF_SOME : pb.DiffResponse.DiffChanges.DIFF_NONE)
    .setHasdetaileddiff(true)
    .setDeletebeforereplace(answer.deleteBeforeReplace ?? false)
    .setDiffsList(unique(changes.map(([path]) => rootOf(path))))
    .setReplacesList(unique(changes.filter(([, kind]) => kind.endsWith('-replace')).map(([path]) => rootOf(path))));
  for (const [path, kind] of changes) {
    const change = new pb.PropertyDiff().setKind(KINDS[kind]).setInputdiff(isInput(rootOf(path)));
    response.getDetaileddiffMap().set(path, change);
  }
  return response;
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)];
}
