import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';

const PieceBytes = 256 * 1024;

/** SHA-256 of a local file, as hexadecimal text. All of it passes through one buffer: a stream leaves a new one for each piece. */
export async function fileDigest(path: string): Promise<string> {
  const hash = createHash('sha256');
  const piece = Buffer.allocUnsafe(PieceBytes);
  const file = await open(path);
  try {
    for (;;) {
      const { bytesRead } = await file.read(piece, 0, PieceBytes);
      if (bytesRead === 0) return hash.digest('hex');
      hash.update(piece.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
}
